// An animated GIF made in the browser: one palette by median cut, LZW, endless loop.

/** 256 colours at most for all frames (ImageData of equal size), by cutting boxes at their medians. */
function paletteOf(frames) {
  const counts = new Map(); // colours with five bits a channel, and how often they occur
  for (const { data } of frames) {
    for (let i = 0; i < data.length; i += 4) {
      const key = ((data[i] >> 3) << 10) | ((data[i + 1] >> 3) << 5) | (data[i + 2] >> 3);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  const channel = (key, c) => (key >> (10 - 5 * c)) & 31;
  const boxOf = (keys) => {
    const spans = [0, 1, 2].map((c) => {
      let low = 31, high = 0;
      for (const key of keys) { const v = channel(key, c); if (v < low) low = v; if (v > high) high = v; }
      return high - low;
    });
    const axis = spans.indexOf(Math.max(...spans));
    const weight = keys.reduce((sum, key) => sum + counts.get(key), 0);
    return { keys, axis, gain: spans[axis] * Math.sqrt(weight), weight };
  };
  const boxes = [boxOf([...counts.keys()])];
  while (boxes.length < 256) {
    const next = boxes.reduce((best, box, i) => (box.gain > boxes[best].gain ? i : best), 0);
    const { keys, axis, weight } = boxes[next];
    if (keys.length < 2) break;
    keys.sort((a, b) => channel(a, axis) - channel(b, axis));
    let seen = 0, cut = 0;
    while (cut < keys.length - 1 && seen < weight / 2) seen += counts.get(keys[cut++]);
    boxes.splice(next, 1, boxOf(keys.slice(0, cut)), boxOf(keys.slice(cut)));
  }
  const palette = new Uint8Array(768), index = new Uint8Array(32768);
  boxes.forEach(({ keys, weight }, i) => {
    for (const c of [0, 1, 2]) {
      const sum = keys.reduce((s, key) => s + counts.get(key) * ((channel(key, c) << 3) + 4), 0);
      palette[3 * i + c] = Math.min(255, Math.round(sum / weight));
    }
    for (const key of keys) index[key] = i;
  });
  return { palette, index };
}

/** Bytes of one picture in GIF's variant of LZW with eight bits a pixel. */
function compressed(pixels) {
  const out = [];
  let bits = 0, held = 0, size = 9, next = 258, table = new Map();
  const put = (code) => {
    held |= code << bits;
    bits += size;
    while (bits >= 8) { out.push(held & 255); held >>>= 8; bits -= 8; }
  };
  put(256);
  let prefix = pixels[0];
  for (let i = 1; i < pixels.length; i++) {
    const key = (prefix << 8) | pixels[i];
    const known = table.get(key);
    if (known !== undefined) { prefix = known; continue; }
    put(prefix);
    if (next < 4096) {
      table.set(key, next++);
      if (next - 1 === 1 << size && size < 12) size++;
    } else {
      put(256);
      table = new Map();
      next = 258;
      size = 9;
    }
    prefix = pixels[i];
  }
  put(prefix);
  put(257);
  if (bits) out.push(held & 255);
  return out;
}

/** Frames (ImageData of one size) as a GIF that runs for ever. */
export function gif(frames, fps) {
  const { width, height } = frames[0];
  const { palette, index } = paletteOf(frames);
  const word = (v) => [v & 255, v >> 8];
  const text = (s) => [...s].map((c) => c.charCodeAt(0));
  const parts = [
    ...text("GIF89a"), ...word(width), ...word(height), 0xf7, 0, 0, ...palette,
    0x21, 0xff, 11, ...text("NETSCAPE2.0"), 3, 1, 0, 0, 0,
  ];
  const chunks = [Uint8Array.from(parts)];
  for (const { data } of frames) {
    const pixels = new Uint8Array(width * height);
    for (let i = 0; i < pixels.length; i++) {
      pixels[i] = index[((data[4 * i] >> 3) << 10) | ((data[4 * i + 1] >> 3) << 5) | (data[4 * i + 2] >> 3)];
    }
    const body = compressed(pixels);
    const blocks = [0x21, 0xf9, 4, 0, ...word(Math.round(100 / fps)), 0, 0, 0x2c, 0, 0, 0, 0, ...word(width), ...word(height), 0, 8];
    for (let i = 0; i < body.length; i += 255) {
      const part = body.slice(i, i + 255);
      blocks.push(part.length, ...part);
    }
    blocks.push(0);
    chunks.push(Uint8Array.from(blocks));
  }
  chunks.push(Uint8Array.of(0x3b));
  return new Blob(chunks, { type: "image/gif" });
}
