// A Plotly figure: our colours, hover and click, frames, dark mode, a text alternative, and no button
// that sends the figure anywhere. The library (4.8 MB) is fetched when the first plot is drawn.
import { colour, el, t } from "../gallery.js";

let loading;
const library = () =>
  (loading ??= new Promise((done, fail) => {
    const before = window.Plotly; // Gradio's own plots use another version
    const script = el("script", { src: new URL("../../../plotly.js", import.meta.url).href });
    script.onload = () => {
      const ours = window.Plotly;
      if (before) window.Plotly = before;
      done(ours);
    };
    script.onerror = fail;
    document.head.append(script);
  }));

/** Replace palette names such as "celadon" by the theme's colours, everywhere in a figure. */
const NAMES = new Set(["paper", "card", "ink", "soft", "line", "seal", "celadon", "ochre", "indigo", "pale-seal", "pale-celadon", "pale-ochre", "pale-indigo"]);
function dyed(value) {
  if (typeof value === "string") return NAMES.has(value) ? colour(value) : value;
  // A long array of numbers is left alone; a step of a colour scale is [number, name].
  if (Array.isArray(value)) return typeof value[0] === "number" && typeof value.at(-1) !== "string" ? value : value.map(dyed);
  if (value && typeof value === "object") {
    // `xref: "paper"` is a place, not a colour.
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, /ref$/.test(k) ? v : dyed(v)]));
  }
  return value;
}

function layout(figure, height) {
  const axis = { gridcolor: "line", zerolinecolor: "line", linecolor: "line", tickcolor: "line", automargin: true };
  const base = {
    autosize: true, height,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).getPropertyValue("--sans"), size: 13, color: "ink" },
    margin: { l: 48, r: 12, t: 10, b: 40 }, showlegend: false, hovermode: "closest",
    hoverlabel: { bgcolor: "card", bordercolor: "line", font: { color: "ink" } },
    colorway: ["celadon", "seal", "ochre", "indigo", "soft"],
  };
  const given = figure.layout ?? {};
  const merged = { ...base, ...given };
  for (const key of new Set(["xaxis", "yaxis", ...Object.keys(given).filter((k) => /^[xy]axis\d*$/.test(k))])) {
    merged[key] = { ...axis, ...(given[key] ?? {}) };
  }
  return dyed(merged);
}

export async function draw(node, block, stage) {
  node.className = "panel";
  let chart = node.querySelector(".chart");
  if (!chart) {
    chart = el("div", { class: "chart", role: "img" });
    node.replaceChildren(el("h3"), chart, el("p", { class: "visually-hidden" }));
    window.addEventListener("gallery-theme", () => node.isConnected && node.redraw?.());
  }
  node.querySelector("h3").replaceChildren(block.title ?? "", el("small", {}, block.hint ?? ""));
  node.querySelector("h3").hidden = !block.title;
  node.querySelector("p").textContent = block.alt;
  chart.setAttribute("aria-label", block.alt);
  const height = block.height ?? 280;
  chart.style.minHeight = `${height}px`;
  const plotly = await library();
  const paint = () => {
    const { figure } = block;
    return plotly.react(chart, {
      data: dyed(figure.data),
      layout: layout(figure, height),
      frames: dyed(figure.frames ?? []),
      config: {
        responsive: true, displaylogo: false, locale: "en",
        displayModeBar: "hover",
        modeBarButtonsToRemove: ["sendChartToCloud", "lasso2d", "select2d", "autoScale2d"],
      },
    });
  };
  // Answers come in turn, a change of theme at any time: Plotly fails when it is called while it draws.
  node.redraw = () => (node.turn = (node.turn ?? Promise.resolve()).catch(() => {}).then(paint));
  await node.redraw();
  if (!chart.wired) {
    chart.wired = true;
    const point = (p) => ({ x: p.x, y: p.y, z: p.z, index: p.pointIndex ?? p.pointNumber, curve: p.curveNumber, data: p.customdata });
    chart.on("plotly_click", (event) => {
      const at = point(event.points[0]);
      if (node.block.click) stage.act(node.block.click, at);
      // `sets`: {"x": "rate"} puts the point's x into the input `rate`, and runs.
      if (node.block.sets) stage.restore({ ...stage.payload.inputs, ...Object.fromEntries(Object.entries(node.block.sets).map(([axis, name]) => [name, at[axis]])) });
    });
    chart.on("plotly_hover", (event) => {
      node.dispatchEvent(new CustomEvent("plot-hover", { detail: point(event.points[0]) }));
    });
  }
  node.block = block;
}
