"use strict";
// Views: what the address names is built of its panels. All texts are set as texts.
const home = document.getElementById("start"), place = document.getElementById("view");
const BY_KEY = Object.fromEntries(meta.views.map((view) => [view.key, view]));
const MOST_ROWS = 300;
let turn = 0;

function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") element.className = value;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function address(view, ...names) {
  return `#${[view, ...names.map(encodeURIComponent)].join("/")}`;
}

function nameOf(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    // somebody wrote the address by hand; no view has this name
    return part;
  }
}

function named(name) {
  return name.replaceAll("_", " ");
}

function docLink(words, page) {
  return meta.docs
    ? make("a", { href: `${meta.docs}/${page}` }, words)
    : make("span", {}, `${words} (docs/${page})`);
}

function cell(name, row, panel, subject) {
  const value = row[name], text = written(name, value, row);
  if (isStatus(name) && value) return make("td", {}, make("span", { class: `status ${value}` }, text));
  if (name === panel.link && value && row.is_monitored !== false) {
    return make("td", {}, make("a", { href: address("column", subject, value) }, text));
  }
  return make("td", { class: classOf(name, value) }, text);
}

function classOf(name, value) {
  if (typeof value === "number") return "number";
  if (/(_at|_period|period_start|opened|expiry)$/.test(name)) return "date";
  return typeof value === "string" && value.length > 60 ? "long" : null;
}

function tableOf(rows, panel, subject, label) {
  // a column that is empty in all rows says nothing
  const listed = panel.columns.length ? panel.columns : Object.keys(rows[0]);
  const names = listed.filter((name) => rows.some((row) => row[name] !== null && row[name] !== undefined));
  const shown = rows.slice(0, MOST_ROWS);
  const table = make("table", {},
    make("caption", { class: "unseen" }, label),
    make("thead", {}, make("tr", {}, ...names.map((name) => make("th", {
      scope: "col", class: typeof rows.find((row) => row[name] !== null)?.[name] === "number" ? "number" : null,
    }, named(name))))),
    make("tbody", {}, ...shown.map((row) => make("tr", {}, ...names.map((name) => cell(name, row, panel, subject))))));
  const region = make("div", { class: "wide", tabindex: "0", role: "region", "aria-label": label }, table);
  if (rows.length > shown.length) {
    region.append(make("p", {}, `${rows.length - shown.length} more rows are in the mart.`));
  }
  return region;
}

// a table that is made when it is opened
function numbers(rowsNow, panel, subject, label) {
  const details = make("details", {}, make("summary", {}, "Numbers"));
  details.addEventListener("toggle", () => {
    [...details.children].slice(1).forEach((child) => child.remove());
    if (details.open) details.append(tableOf(rowsNow(), panel, subject, label));
  });
  return details;
}

function source(panel, subject, column) {
  const block = meta.blocks[panel.block];
  return make("details", {},
    make("summary", {}, make("code", {}, block.mart), ": query"),
    make("pre", { tabindex: "0" }, queryOf(panel.block, subject, column)));
}

function chartOf(panel, rows, label, subject) {
  let name = panel.chart;
  if (name === "distribution") {
    name = rows.some((row) => row.category !== null) ? "distribution_of_categories" : "distribution_of_numbers";
  }
  const holder = make("div", { class: "chart", role: "img", "aria-label": `${label}. ${panel.text}` });
  const click = panel.link ? (datum) => { location.hash = address("column", subject, datum[panel.link]); } : null;
  drawLater(holder, name, rows, click);
  return make("figure", {}, holder);
}

function choices(panel, rows, redraw) {
  const chosen = {}, controls = make("div", { class: "controls" });
  for (const name of panel.choose) {
    const values = [...new Set(rows.map((row) => row[name]))].filter((value) => value !== null && value !== panel.keep[name]);
    chosen[name] = values.includes(panel.prefer[name]) ? panel.prefer[name]
      : values.find((value) => value !== "(previous period)") ?? values[0];
    if (values.length < 2) continue;
    const select = make("select", {}, ...values.map((value) => make("option", { value }, String(value))));
    select.value = chosen[name];
    select.addEventListener("change", () => { chosen[name] = select.value; redraw(); });
    controls.append(make("label", {}, panel.keep[name] ? "compared with" : named(name), " ", select));
  }
  return { chosen, controls: controls.children.length ? controls : null };
}

function picked(panel, rows, chosen) {
  return rows.filter((row) => panel.choose.every((name) => row[name] === chosen[name] || row[name] === panel.keep[name]));
}

function repeated(panel, rows, subject) {
  const groups = [...groupedBy(rows, panel.repeat)].sort((one, other) => badness(other[1]) - badness(one[1]));
  return groups.map(([name, some]) => {
    const [words, page] = meta.metrics[name] || ["", "drift.md#metrics"];
    return make("div", { class: "repeated" },
      make("h3", {}, name), make("p", { class: "text" }, `${words} `, docLink("Formula", page)),
      chartOf(panel, some, name, subject), numbers(() => some, panel, subject, `${name}: numbers`));
  });
}

async function panelOf(panel, subject, column) {
  const id = `panel-${panel.key}`;
  const section = make("section", { class: "panel", "aria-labelledby": id },
    make("h2", { id }, panel.title), make("p", { class: "text" }, panel.text));
  const block = meta.blocks[panel.block];
  if (block.missing) {
    section.append(make("p", { class: "absent" }, block.missing));
    return section;
  }
  const wanted = { ...panel.only, ...(column === null ? {} : { column_name: column }) };
  let rows = await rowsOf(panel.block, subject, wanted);
  if (panel.prepare) rows = PREPARED[panel.prepare](rows);
  const hasNumbers = !panel.needs || rows.some((row) => row[panel.needs] !== null);
  let shownRows = rows;
  let more = null;
  if (!rows.length || !hasNumbers) {
    const reasons = [...new Set(rows.map((row) => row.reason).filter(Boolean))].slice(0, 3);
    section.append(make("p", { class: "absent" }, [panel.empty, ...reasons].join(" ")));
  } else if (panel.repeat) {
    section.append(make("div", { class: "grid" }, ...repeated(panel, rows, subject)));
  } else if (panel.chart) {
    const body = make("div", {});
    const draw = () => {
      shownRows = picked(panel, rows, chosen);
      body.replaceChildren(chartOf(panel, shownRows, panel.title, subject));
    };
    const { chosen, controls } = choices(panel, rows, draw);
    if (controls) section.append(controls);
    draw();
    section.append(body);
    more = numbers(() => shownRows, panel, subject, `${panel.title}: numbers`);
  } else {
    section.append(tableOf(rows, panel, subject, `${panel.title}: table`));
  }
  section.append(make("div", { class: "more" }, more, source(panel, subject, column),
    make("p", { class: "docs" }, "In the docs: ", ...panel.docs.flatMap(([words, page], number) => [number ? ", " : "", docLink(words, page)]))));
  return section;
}

// what the words of a view mean, as the glossary says it
function wordsOf(view) {
  return make("section", { class: "panel", "aria-labelledby": "words" },
    make("h2", { id: "words" }, "What the words mean"),
    make("dl", {}, ...view.words.flatMap(([term, meaning]) => [make("dt", {}, term), make("dd", {}, meaning)])),
    make("p", { class: "docs more" }, "In the docs: ", docLink("glossary", "glossary.md")));
}

function tab(view, subject, current) {
  return make("a", { href: address(view.key, subject), "aria-current": view.key === current ? "page" : null }, view.title);
}

function picker(label, names, now, go) {
  const select = make("select", {}, ...names.map((name) => make("option", { value: name }, name || "choose …")));
  select.value = now;
  select.addEventListener("change", () => { location.hash = go(select.value); });
  return make("label", { class: "picker" }, label, " ", select);
}

async function navigation(view, subject, column) {
  const first = make("div", {}, make("a", { href: "#overview", "aria-current": view ? null : "page" }, "Overview"));
  const second = make("div", {});
  const isSet = view && view.of === "cleaning";
  const monitor = view && !isSet ? subject : meta.monitors.includes(subject) ? subject : meta.monitors[0];
  if (monitor !== undefined) {
    const target = view && !isSet && view.of !== "column" ? view.key : "monitor";
    const names = (await rowsOf("columns", monitor, { is_monitored: true })).map((row) => row.name);
    const options = column === null ? ["", ...names] : names.includes(column) ? names : [column, ...names];
    first.append(picker("Monitor", meta.monitors, monitor, (name) => address(target, name)));
    first.append(picker("Column", options, column ?? "", (name) => (name ? address("column", monitor, name) : address("monitor", monitor))));
    second.append(...meta.views.filter((other) => other.of === "monitor").map((other) => tab(other, monitor, view && view.key)));
  }
  if (meta.sets.length) {
    const set = isSet ? subject : meta.sets.includes(monitor) ? monitor : meta.sets[0];
    second.append(tab(BY_KEY.cleaning, set, view && view.key));
    if (isSet && meta.sets.length > 1) first.append(picker("Cleaning set", meta.sets, set, (name) => address("cleaning", name)));
  }
  document.getElementById("views").replaceChildren(first, ...(view ? [second] : []));
}

async function show() {
  turn += 1;
  const mine = turn;
  const [key, ...names] = location.hash.slice(1).split("/").map(nameOf);
  if (key === "main") return;
  const view = BY_KEY[key], [subject, column = null] = names;
  const known = view && meta.names.includes(subject) && (view.of !== "column" || column !== null);
  await navigation(known ? view : null, subject, known && view.of === "column" ? column : null);
  forgetCharts();
  const returns = home.hidden && !known;
  home.hidden = Boolean(known);
  place.hidden = !known;
  place.replaceChildren();
  document.title = known ? `${column ?? subject}: ${view.title} – Data health` : "Data health";
  if (!known) {
    scrollTo(0, 0);
    if (returns) home.querySelector("h1").focus({ preventScroll: true });
    return;
  }
  const sections = await Promise.all(view.panels.map((panel) => panelOf(panel, subject, view.of === "column" ? column : null)));
  if (mine !== turn) return;
  const title = view.of === "column" ? column : `${view.title}: ${subject}`;
  const heading = make("h1", { tabindex: "-1" }, title);
  const lead = make("p", { class: "lead" });
  if (view.of === "column") lead.append("A column of ", make("a", { href: address("monitor", subject) }, subject), ". ");
  if (meta.since[subject]) lead.append(`Only the newest periods are shown, from ${meta.since[subject]} on.`);
  place.append(heading, ...(lead.childNodes.length ? [lead] : []), ...sections, wordsOf(view));
  scrollTo(0, 0);
  heading.focus({ preventScroll: true });
  drawTheRest();
}

const button = document.getElementById("theme");
function nameButton() { button.textContent = theme.now() === "dark" ? "Light" : "Dark"; button.setAttribute("aria-label", `${button.textContent} colours`); }
button.hidden = false;
nameButton();
button.addEventListener("click", () => { theme.set(theme.now() === "dark" ? "light" : "dark"); nameButton(); drawAgain(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { nameButton(); drawAgain(); });
addEventListener("hashchange", show);
addEventListener("beforeprint", () => { for (const holder of [...pending.keys()]) drawNow(holder); });
addEventListener("DOMContentLoaded", show);
