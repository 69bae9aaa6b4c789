// A path's score taken apart: one row per character with its two terms and the sum so far, and, for any
// but the best path, what each character costs against the best.
import { el, t } from "../gallery.js";
import { codePoint, sign } from "./chars.js";

const figure = (value, digits = 2) => value.toFixed(digits).replace("-", "−");
const total = (values) => values.reduce((a, b) => a + b, 0);

/** The table for path `chosen` of a lattice block; rows have `data-t`. */
export function termsTable(block, chars, chosen) {
  const path = block.paths[chosen], best = block.paths[0];
  const name = (j) => block.tags[j].name;
  let sum = 0;
  const rows = chars.map((char, time) => {
    sum += path.h[time] + path.g[time];
    const before = time ? name(path.tags[time - 1]) : "^";
    const lost = path.h[time] + path.g[time] - best.h[time] - best.g[time];
    const differs = path.tags[time] !== best.tags[time];
    return el("tr", { class: differs ? "differs" : "", dataset: { t: time } },
      el("td", { class: "number" }, String(time)),
      el("td", { lang: "zh", title: codePoint(char) }, sign(char)),
      el("td", {}, el("span", { class: `tag kind-${block.tags[path.tags[time]].kind}` }, name(path.tags[time])), differs ? el("small", {}, t(`最优 ${name(best.tags[time])}`, `best ${name(best.tags[time])}`)) : ""),
      el("td", { class: "number", title: `${before} → ${name(path.tags[time])}` }, figure(path.g[time])),
      el("td", { class: "number" }, figure(path.h[time])),
      el("td", { class: "number" }, figure(sum)),
      chosen ? el("td", { class: "number" }, Math.abs(lost) < 0.005 ? "" : figure(lost)) : null);
  });
  const last = (label, g, h, s, lost) => el("tr", { class: "sum" }, el("td", { colspan: 3 }, label),
    el("td", { class: "number" }, g), el("td", { class: "number" }, h), el("td", { class: "number" }, s),
    chosen ? el("td", { class: "number" }, lost) : null);
  const head = (text, numeric = true) => el("th", numeric ? { class: "number" } : {}, text);
  return el("table", { class: "terms" },
    el("tr", {}, head("t"), head(t("字", "char"), false), head(t("标签", "tag"), false), head("g"), head("h"), head(t("累计", "sum")), chosen ? head(t("比最优", "against best")) : null),
    ...rows,
    path.end || best.end ? last(`${name(path.tags.at(-1))} → $`, figure(path.end), "", figure(sum + path.end), chosen ? figure(path.end - best.end) : "") : "",
    last("Σ", figure(total(path.g) + path.end), figure(total(path.h)), figure(path.score), chosen ? figure(path.score - best.score) : ""),
    last("log p = s − log Z", "", "", figure(path.score - block.log_z, 3), ""));
}
