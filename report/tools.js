"use strict";
// What all sections use: figures as words, elements, tables that sort, and charts with their rows in a table below.
const TABLES = JSON.parse(document.getElementById("tables").textContent);
const CHARTS = JSON.parse(document.getElementById("charts").textContent);
const MILLION = 1_000_000;
const NOTHING = "There are no data for this.";
const NOT_KNOWN = "–";
const byId = (id) => document.getElementById(id);
const rowsOf = Object.fromEntries(
  Object.entries(TABLES).filter(([, table]) => table.rows).map(([name, { columns, rows }]) => [
    name, rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]]))),
  ]),
);

// Formats: functions from a cell, and its row, to text.
const isKnown = (value) => value !== null && value !== undefined;
// Made once: to make one takes longer than to use it.
const formats = new Map();
function figure(value, least, most) {
  const key = `${least} ${most}`;
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat("en-GB", { minimumFractionDigits: least, maximumFractionDigits: most, signDisplay: "negative" }));
  return formats.get(key).format(value).replace("-", "−");
}
const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const number = (digits = 1) => (value) => (isKnown(value) ? figure(value, digits, digits) : NOT_KNOWN);
const count = number(0);
const sign = (value, text) => (value > 0 ? `+${text}` : text);
const signed = (value) => (isKnown(value) ? sign(value, figure(value, 1, 1)) : NOT_KNOWN);
const percent = (value) => (isKnown(value) ? `${figure(100 * value, 1, 1)} %` : NOT_KNOWN);
const percentPoints = (value) => (isKnown(value) ? signed(100 * value) : NOT_KNOWN);
const scoreOf = (value) => (isKnown(value) ? figure(value / MILLION, 1, 1) : NOT_KNOWN);
const changeOf = (value) => (isKnown(value) ? signed(value / MILLION) : NOT_KNOWN);
const pointsOf = (value) => (isKnown(value) ? figure(value / MILLION, 0, 6) : NOT_KNOWN);
const pointsMore = (value) => sign(value, pointsOf(value));
const chance = (value) => (!isKnown(value) ? NOT_KNOWN : value < 0.001 ? "< 0.001" : figure(value, 3, 3));
const either = (yes, no) => (value) => (isKnown(value) ? (value ? yes : no) : NOT_KNOWN);
const isTold = either("yes", "no");
const words = (value) => (isKnown(value) ? String(value).replaceAll("_", " ") : NOT_KNOWN);
const day = (value) => (isKnown(value) ? dayFormat.format(new Date(`${value}T00:00Z`)) : NOT_KNOWN);
const month = (value) => day(value).replace(/^\d+ /, "");
const dayBefore = (value) => new Date(Date.parse(`${value}T00:00Z`) - 86_400_000).toISOString().slice(0, 10);
const periodName = (start, grain) =>
  grain === "month" ? month(start) : grain === "quarter" ? `Q${Math.ceil(+start.slice(5, 7) / 3)} ${start.slice(0, 4)}` : "all time";

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const note = (text) => element("p", { class: "note" }, text);

function options(select, values, title = words) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => element("option", { value }, title(value))));
  if (values.includes(before)) select.value = before;
}

// columns: [key, title, format]; a column of numbers stands flush right. Beyond `first` rows a button shows the others.
function table(caption, columns, rows, { sorts = false, first = 12, foot = null, empty = NOTHING } = {}) {
  if (!rows.length) return note(empty);
  let shown = rows, isWhole = rows.length <= first + 3;
  const isNumber = (key) => rows.some((row) => typeof row[key] === "number");
  const kind = (key) => (isNumber(key) ? { class: "number" } : {});
  const body = element("tbody");
  const fill = () => body.replaceChildren(...(isWhole ? shown : shown.slice(0, first)).map((row) =>
    element("tr", {}, ...columns.map(([key, , format], place) => {
      const value = format ? format(row[key], row) : row[key] ?? NOT_KNOWN;
      return place ? element("td", kind(key), value) : element("th", { scope: "row", ...kind(key) }, value);
    }))));
  const heads = columns.map(([key, title]) => {
    const head = element("th", { scope: "col", ...kind(key) });
    head.append(sorts && key in rows[0] ? element("button", { type: "button", onclick: () => sort(key, head) }, title) : title);
    return head;
  });
  const sort = (key, head) => {
    const descends = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descends ? "descending" : "ascending");
    shown = [...rows].sort((a, b) => (a[key] === b[key] ? 0 : !isKnown(a[key]) ? 1 : !isKnown(b[key]) ? -1
      : (a[key] < b[key] ? -1 : 1) * (descends ? -1 : 1)));
    fill();
  };
  fill();
  const more = isWhole ? null : element("button", { type: "button", class: "more", onclick: () => {
    isWhole = true;
    fill();
    more.remove();
  } }, `Show all ${count(rows.length)}`);
  // What scrolls must be reached by keyboard.
  return element("div", {}, element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {}, element("caption", {}, caption), element("thead", {}, element("tr", {}, ...heads)), body,
      foot && element("tfoot", {}, foot))), more);
}

// The figure's chart, and the same rows as a table for whoever does not see it. Colours are the page's own variables, so
// that the dark and print follow without drawing anew.
// Texts are measured in it, so it must be named.
const FONT = 'system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';
const CONFIG = {
  background: "transparent", view: { stroke: null }, font: FONT,
  axis: { labelColor: "var(--soft)", titleColor: "var(--soft)", gridColor: "var(--line)", domainColor: "var(--line)",
    tickColor: "var(--line)", titleFontWeight: "normal", labelFontSize: 11, titleFontSize: 11, labelAngle: 0 },
  axisX: { grid: false, labelFlush: true },
  legend: { labelColor: "var(--soft)", titleColor: "var(--soft)", labelFontSize: 11, titleFontSize: 11, titleFontWeight: "normal" },
};

function draw(name, spec, columns, rows, empty = NOTHING) {
  const place = document.querySelector(`figure[data-chart="${name}"]`);
  const caption = place.querySelector("figcaption");
  // A chart that was drawn before listens to the window: it is told to stop.
  place.view?.then(({ finalize }) => finalize());
  place.view = null;
  if (!rows.length) {
    place.replaceChildren(caption, note(empty));
    return;
  }
  const wasOpen = place.querySelector("details")?.open;
  const label = `Chart: ${caption.textContent}. Its figures stand in the table below.`;
  const chart = element("div", { class: "chart", role: "img", "aria-label": label });
  const details = element("details", {}, element("summary", {}, "The figures"), table(caption.textContent, columns, rows, { first: 24 }));
  details.open = Boolean(wasOpen);
  place.replaceChildren(caption, chart, details);
  // `ast`: expressions are interpreted, since the page forbids text that is made code.
  const made = { ...CHARTS[spec], datasets: { rows } };
  // As high as there are names.
  if (made.height.step) made.height = made.height.step * new Set(rows.map((row) => row[made.encoding.y.field])).size;
  place.view = vegaEmbed(chart, made, { actions: false, ast: true, renderer: "svg", config: CONFIG });
}
