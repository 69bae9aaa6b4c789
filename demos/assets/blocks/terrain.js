// A surface as tinted bands with contour lines, painted once and kept as a picture.
import { colour } from "../gallery.js";

/**
 * A canvas of `width` by `height` device pixels: deep places green, high places like the paper.
 * `part` is the piece that is shown, [left, right, bottom, top] as fractions of the grid.
 */
export function terrain(surface, width, height, part) {
  const { values, levels } = surface;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const g = canvas.getContext("2d");
  bands(g, values, levels, width, height, part);
  g.strokeStyle = colour("soft");
  g.globalAlpha = 0.3;
  g.lineWidth = Math.max(1, width / 600);
  const [rows, columns] = [values.length, values[0].length];
  const [left, right, bottom, top] = part;
  const x = (column) => ((column / (columns - 1) - left) / (right - left)) * width;
  const y = (row) => height - ((row / (rows - 1) - bottom) / (top - bottom)) * height;
  g.beginPath();
  for (const level of levels) contour(values, level, (c0, r0, c1, r1) => {
    g.moveTo(x(c0), y(r0));
    g.lineTo(x(c1), y(r1));
  });
  g.stroke();
  return canvas;
}

function bands(g, values, levels, width, height, [left, right, bottom, top]) {
  const small = Math.min(1, 260 / width); // bands are smooth: a quarter of the pixels is enough
  const [w, h] = [Math.round(width * small), Math.round(height * small)];
  const [rows, columns] = [values.length, values[0].length];
  const [red, green, blue] = channels(colour("celadon"));
  const picture = g.createImageData(w, h);
  for (let j = 0; j < h; j++) {
    const v = (bottom + ((h - 1 - j) / (h - 1)) * (top - bottom)) * (rows - 1), r = Math.min(rows - 2, Math.floor(v)), b = v - r;
    for (let i = 0; i < w; i++) {
      const u = (left + (i / (w - 1)) * (right - left)) * (columns - 1), c = Math.min(columns - 2, Math.floor(u)), a = u - c;
      const [p, q, s, t] = [values[r][c], values[r][c + 1], values[r + 1][c], values[r + 1][c + 1]];
      if (p === null || q === null || s === null || t === null) continue;
      const z = (1 - b) * ((1 - a) * p + a * q) + b * ((1 - a) * s + a * t);
      let band = 0;
      while (band < levels.length && z > levels[band]) band++;
      picture.data.set([red, green, blue, 105 * (1 - band / levels.length) ** 1.4], 4 * (j * w + i));
    }
  }
  const buffer = document.createElement("canvas");
  Object.assign(buffer, { width: w, height: h });
  buffer.getContext("2d").putImageData(picture, 0, 0);
  g.imageSmoothingEnabled = true;
  g.drawImage(buffer, 0, 0, width, height);
}

/** Marching squares: calls `line` with the ends of every piece of the level's contour, in cells. */
function contour(values, level, line) {
  for (let r = 0; r + 1 < values.length; r++) {
    for (let c = 0; c + 1 < values[r].length; c++) {
      const corners = [[c, r], [c + 1, r], [c + 1, r + 1], [c, r + 1]];
      const heights = corners.map(([i, j]) => values[j][i]);
      if (heights.includes(null)) continue;
      const crossings = [];
      for (let k = 0; k < 4; k++) {
        const [p, q] = [heights[k], heights[(k + 1) % 4]];
        if (p > level === q > level) continue;
        const s = (level - p) / (q - p), [from, to] = [corners[k], corners[(k + 1) % 4]];
        crossings.push(from[0] + s * (to[0] - from[0]), from[1] + s * (to[1] - from[1]));
      }
      // Four crossings are a saddle; either pairing is right to the accuracy of the grid.
      for (let k = 0; k + 3 < crossings.length; k += 4) line(...crossings.slice(k, k + 4));
    }
  }
}

function channels(text) {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16));
}
