"use strict";
// Charts: Vega is opened with the first picture; a picture is drawn when it comes near the window.
let charts = null;

// the specifications, when Vega is there, too
function withVega() {
  charts ??= Promise.all([unpacked("charts"), unpacked("vega-code")]).then(([specifications, code]) => {
    const script = document.createElement("script");
    script.textContent = code;
    document.head.append(script);
    return JSON.parse(specifications);
  });
  return charts;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const value = (name) => style.getPropertyValue(`--${name}`).trim();
  return { value, series: [1, 2, 3, 4, 5, 6].map((number) => value(`series-${number}`)) };
}

// the specification with the colours of the theme in place of their names
function resolved(part, palette, isTime) {
  if (Array.isArray(part)) return part.map((one) => resolved(one, palette, isTime));
  if (part && typeof part === "object") {
    return Object.fromEntries(Object.entries(part).map(([name, one]) => [name, resolved(one, palette, isTime)]));
  }
  if (part === "@time") return isTime ? "utcFormat(datum.value, '%Y-%m-%d')" : "datum.label";
  if (part === "@series") return palette.series;
  return typeof part === "string" && part.startsWith("@") ? palette.value(part.slice(1)) : part;
}

const hint = document.createElement("div");
hint.className = "hint";
hint.setAttribute("aria-hidden", "true");
hint.hidden = true;
document.body.append(hint);

// what a pointer tells, as texts and never as HTML
function showHint(handler, event, item, value) {
  hint.replaceChildren();
  hint.hidden = !value || typeof value !== "object";
  if (hint.hidden) return;
  const lines = Object.entries(value).filter(([, text]) => text !== "null" && text !== "undefined" && text !== "");
  for (const [name, text] of lines) {
    const line = document.createElement("div"), label = document.createElement("span");
    label.textContent = name.replaceAll("_", " ");
    const number = Number(text);
    line.append(label, ` ${text !== "" && Number.isFinite(number) ? written(name, number) : text}`);
    hint.append(line);
  }
  const left = Math.min(event.clientX + 14, innerWidth - hint.offsetWidth - 8);
  const top = Math.min(event.clientY + 14, innerHeight - hint.offsetHeight - 8);
  hint.style.left = `${Math.max(left, 4)}px`;
  hint.style.top = `${Math.max(top, 4)}px`;
}

const pending = new Map();
const drawn = new Map();
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) drawNow(entry.target);
}, { rootMargin: "300px" });

function drawLater(place, chart, rows, click) {
  pending.set(place, { chart, rows, click });
  watcher.observe(place);
}

async function drawNow(place) {
  const wish = pending.get(place);
  if (!wish) return;
  pending.delete(place);
  watcher.unobserve(place);
  const specifications = await withVega();
  if (!place.isConnected) return;
  drawn.get(place)?.finalize();
  const isTime = wish.rows.some((row) => row.kind === "timestamp");
  const specification = resolved(specifications[wish.chart], colours(), isTime);
  specification.data.find((data) => data.name === "rows").values = wish.rows;
  const options = { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, tooltip: showHint, logLevel: 1 };
  const label = place.getAttribute("aria-label");
  const { view, finalize } = await vegaEmbed(place, specification, options);
  // the place has a role and a label, and the numbers stand in a table
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", label);
  place.querySelector("svg").setAttribute("aria-hidden", "true");
  if (wish.click) view.addEventListener("click", (event, item) => item?.datum && wish.click(item.datum));
  drawn.set(place, { finalize, wish });
  place.dataset.drawn = "yes";
}

function forgetCharts() {
  for (const { finalize } of drawn.values()) finalize();
  for (const place of pending.keys()) watcher.unobserve(place);
  drawn.clear();
  pending.clear();
  hint.hidden = true;
}

function drawAgain() {
  for (const [place, { wish }] of [...drawn]) {
    pending.set(place, wish);
    drawNow(place);
  }
}

// what is not near the window comes when the browser has time, so that all of it can be printed
async function drawTheRest() {
  for (const place of [...pending.keys()]) {
    await new Promise((resolve) => { (window.requestIdleCallback || setTimeout)(resolve); });
    await drawNow(place);
  }
}
