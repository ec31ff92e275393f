"use strict";
// Rows: each block is kept per monitor as compressed columns, and opened when it is looked at.
const meta = JSON.parse(document.getElementById("meta").textContent);

// the 85 digits of Python's base64.b85encode, without < and &
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=>?@^_`{|}~";
const VALUES = new Uint8Array(128);
[...DIGITS].forEach((digit, value) => { VALUES[digit.charCodeAt(0)] = value; });

// four bytes from five digits; the last group may be shorter
function bytesOf(text) {
  const bytes = new Uint8Array(Math.ceil(text.length / 5) * 4);
  for (let place = 0, byte = 0; place < text.length; place += 5, byte += 4) {
    let number = 0;
    for (let digit = place; digit < place + 5; digit += 1) {
      number = number * 85 + (digit < text.length ? VALUES[text.charCodeAt(digit)] : 84);
    }
    bytes[byte] = number >>> 24;
    bytes[byte + 1] = number >>> 16;
    bytes[byte + 2] = number >>> 8;
    bytes[byte + 3] = number;
  }
  const missing = (5 - (text.length % 5)) % 5;
  return bytes.subarray(0, bytes.length - missing);
}

async function unpacked(id) {
  const bytes = bytesOf(document.getElementById(id).textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

const opened = new Map();

function columnsOf(block, subject) {
  const id = `rows-${block}-${meta.names.indexOf(subject)}`;
  if (!opened.has(id)) {
    opened.set(id, document.getElementById(id)
      ? unpacked(id).then((text) => {
        const table = JSON.parse(text);
        for (const [name, column] of Object.entries(table.c)) {
          if (column.d) table.c[name] = column.i.map((place) => column.d[place]);
          if (column.f) table.c[name] = column.f.map((whole) => (whole === null ? null : whole / 10 ** column.p));
        }
        return table;
      })
      : Promise.resolve({ n: 0, c: {} }));
  }
  return opened.get(id);
}

const TIMES = ["mean", "p05", "p25", "p50", "p75", "p95", "lower_edge", "upper_edge"];

// the rows of a block for which all of `wanted` is true
async function rowsOf(block, subject, wanted = {}) {
  const table = await columnsOf(block, subject);
  const names = Object.keys(table.c);
  const conditions = Object.entries(wanted).filter(([name]) => names.includes(name));
  const rows = [];
  for (let place = 0; place < table.n; place += 1) {
    if (conditions.every(([name, value]) => table.c[name][place] === value)) {
      const row = {};
      for (const name of names) row[name] = table.c[name][place];
      // seconds become the milliseconds of the browser
      if (row.kind === "timestamp") {
        for (const name of TIMES) if (typeof row[name] === "number") row[name] *= 1000;
      }
      rows.push(row);
    }
  }
  return rows;
}

function quoted(text) {
  return `'${text.replaceAll("'", "''")}'`;
}

// the query behind a picture, for the monitor and column that are shown
function queryOf(block, subject, column) {
  const { names, query } = meta.blocks[block];
  const field = names.includes("column_name") ? "column_name" : null;
  const conditions = [`${names[0]} = ${quoted(subject)}`];
  if (column && field) conditions.push(`${field} = ${quoted(column)}`);
  if (meta.since[subject] && names.includes("period_start")) {
    const kept = names.includes("dataset") ? " or dataset <> 'production'" : "";
    conditions.push(`(period_start is null or period_start >= '${meta.since[subject]}'${kept})`);
  }
  return query.replace("/*selection*/", () => conditions.join("\n  and "));
}

const WORDS = { insufficient_data: "too little data", warn: "warning" };

function written(name, value, row) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value !== "number") return WORDS[value] && isStatus(name) ? WORDS[value] : String(value);
  if (row && row.kind === "timestamp" && TIMES.includes(name)) return new Date(value).toISOString().slice(0, 10);
  if (/(^|_)(share|rate)(_|$)/.test(name) && !/ratio|count/.test(name)) return `${Number((100 * value).toPrecision(3))} %`;
  return Math.abs(value) >= 1e9 || (value !== 0 && Math.abs(value) < 1e-4)
    ? value.toExponential(2)
    : value.toLocaleString("en", { maximumSignificantDigits: Number.isInteger(value) ? 15 : 4 });
}

function isStatus(name) {
  return name === "status" || name === "severity" || name.endsWith("_status");
}

const SEVERITY = { alert: 3, fail: 3, warn: 2, inconclusive: 2, ok: 1, pass: 1 };

function groupedBy(rows, name) {
  const groups = new Map();
  for (const row of rows) {
    if (!groups.has(row[name])) groups.set(row[name], []);
    groups.get(row[name]).push(row);
  }
  return groups;
}

function badness(rows) {
  return rows.reduce((sum, row) => sum + [0, 0, 1, 1000][SEVERITY[row.status] || 0], 0);
}

// what a picture needs besides the rows as they are
const PREPARED = {
  worstFirst(rows) {
    const groups = [...groupedBy(rows, "column_name").values()];
    return groups.sort((one, other) => badness(other) - badness(one)).flat();
  },
  ranges(rows) {
    const whole = rows.find((row) => row.lower_edge !== null && row.upper_edge !== null);
    const width = whole ? whole.upper_edge - whole.lower_edge : 1;
    const edge = (value, row) => written("lower_edge", value, row);
    return rows.map((row) => ({
      ...row,
      lower: row.lower_edge ?? row.upper_edge - width,
      upper: row.upper_edge ?? row.lower_edge + width,
      range: row.lower_edge === null ? `below ${edge(row.upper_edge, row)}`
        : row.upper_edge === null ? `from ${edge(row.lower_edge, row)}`
          : `${edge(row.lower_edge, row)} to ${edge(row.upper_edge, row)}`,
    })).sort((one, other) => one.place - other.place);
  },
  series(rows) {
    return rows.map((row) => ({
      ...row,
      series: row.dataset && row.dataset !== "production"
        ? [row.model_version, row.dataset].filter(Boolean).join(" in ")
        : row.model_version || "no version",
    }));
  },
};
