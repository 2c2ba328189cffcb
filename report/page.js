"use strict";
// The page shows rows of the marts as they stand: filters choose rows, and nothing is averaged or summed here but one
// customer's receipt, in whole millionths, to show that it adds up.
const TABLES = JSON.parse(document.getElementById("tables").textContent);
const CHARTS = JSON.parse(document.getElementById("charts").textContent);
const MILLION = 1_000_000;
const METRICS = { nps: "NPS", csat: "CSAT", effort: "Effort", experience: "Experience index" };
const byId = (id) => document.getElementById(id);
const rowsOf = Object.fromEntries(
  Object.entries(TABLES).filter(([, table]) => table.rows).map(([name, { columns, rows }]) => [
    name, rows.map((row) => Object.fromEntries(columns.map((column, place) => [column, row[place]]))),
  ]),
);
const NOTHING = "There are no data for this.";

const number = (digits = 1) => (value) =>
  value === null || value === undefined ? "–" : value.toLocaleString("en-GB", { maximumFractionDigits: digits });
const percent = (value) => (value === null || value === undefined ? "–" : `${number(1)(100 * value)} %`);
const signed = (value) => (value === null || value === undefined ? "–" : (value > 0 ? "+" : "") + number(1)(value));
const millionths = (digits) => (value) => (value === null ? "–" : number(digits)(value / MILLION));
const chance = (value) => (value === null ? "–" : value < 0.001 ? "< 0.001" : number(3)(value));
const yes = (word) => (value) => (value ? word : "");
const words = (value) => (value === null ? "–" : String(value).replaceAll("_", " "));

function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

// columns: [key, title, format]; a column whose values are numbers stands flush right.
function table(caption, columns, rows, { sorts = false } = {}) {
  if (!rows.length) return element("p", { class: "note" }, NOTHING);
  const isNumber = (key) => rows.some((row) => typeof row[key] === "number");
  const body = element("tbody");
  const fill = (shown) => body.replaceChildren(...shown.map((row) => element("tr", {}, ...columns.map(([key, , format], place) => {
    const value = format ? format(row[key], row) : row[key] ?? "–";
    const kind = isNumber(key) ? { class: "number" } : {};
    return place ? element("td", kind, value) : element("th", { scope: "row", ...kind }, value);
  }))));
  const heads = columns.map(([key, title]) => {
    const head = element("th", { scope: "col", ...(isNumber(key) ? { class: "number" } : {}) });
    head.append(sorts && key ? element("button", { type: "button", onclick: () => sort(key, head) }, title) : title);
    return head;
  });
  const sort = (key, head) => {
    const descends = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descends ? "descending" : "ascending");
    const compare = (a, b) => (a[key] === b[key] ? 0 : a[key] === null ? 1 : b[key] === null ? -1
      : (a[key] < b[key] ? -1 : 1) * (descends ? -1 : 1));
    fill([...rows].sort(compare));
  };
  fill(rows);
  const scrolls = { class: "scroll", tabindex: "0", role: "region", "aria-label": caption };
  return element("div", scrolls, element("table", {},
    element("caption", {}, caption), element("thead", {}, element("tr", {}, ...heads)), body));
}

// The figure's chart, and the same rows as a table for whoever does not see it.
function draw(name, spec, columns, rows, empty = NOTHING) {
  const figure = document.querySelector(`figure[data-chart="${name}"]`);
  const caption = figure.querySelector("figcaption");
  if (!rows.length) {
    figure.replaceChildren(caption, element("p", { class: "note" }, empty));
    return;
  }
  const place = element("div", { class: "chart", role: "img", "aria-label": `Chart: ${caption.textContent}. Its figures stand in the table below.` });
  figure.replaceChildren(caption, place, element("details", {},
    element("summary", {}, "The figures"), table(caption.textContent, columns, rows)));
  const style = getComputedStyle(document.documentElement);
  const [text, line] = ["--text", "--line"].map((variable) => style.getPropertyValue(variable).trim());
  const config = {
    background: "transparent", view: { stroke: null }, font: "system-ui, sans-serif",
    axis: { labelColor: text, titleColor: text, gridColor: line, domainColor: line, tickColor: line, titleFontWeight: "normal" },
    legend: { labelColor: text, titleColor: text },
  };
  vegaEmbed(place, { ...CHARTS[spec], datasets: { rows } }, { actions: false, renderer: "svg", config });
}

// What the filters choose.
const chosen = () => {
  const [dimension, value] = JSON.parse(byId("segment").value);
  return { dimension, value, grain: byId("grain").value, period: byId("period").value };
};
const ofSegment = (name, { dimension, value }) =>
  rowsOf[name].filter((row) => row.segment_dimension === dimension && row.segment_value === value);
const segmentOf = new Map();
for (const row of rowsOf.customer_values) {
  if (!segmentOf.has(row.customer_id)) segmentOf.set(row.customer_id, {});
  segmentOf.get(row.customer_id)[row.segment_dimension] = row.segment_value;
}
const isIn = (customer, { dimension, value }) => dimension === "all" || segmentOf.get(customer)?.[dimension] === value;

function options(select, values, title = words) {
  const before = select.value;
  select.replaceChildren(...values.map((value) => element("option", { value }, title(value))));
  if (values.includes(before)) select.value = before;
}

function fillSegments() {
  const groups = Map.groupBy ? Map.groupBy(rowsOf.segments, (row) => row.segment_dimension) : rowsOf.segments.reduce(
    (found, row) => found.set(row.segment_dimension, [...(found.get(row.segment_dimension) ?? []), row]), new Map());
  const option = (row) => element("option", { value: JSON.stringify([row.segment_dimension, row.segment_value]) },
    row.segment_dimension === "all" ? "all customers" : row.segment_value);
  byId("segment").replaceChildren(...[...groups].map(([dimension, rows]) =>
    dimension === "all" ? option(rows[0]) : element("optgroup", { label: words(dimension) }, ...rows.map(option))));
}

function fillPeriods() {
  const grain = byId("grain").value;
  const rows = rowsOf.surveys.filter((row) => row.period_grain === grain && row.segment_dimension === "all");
  const starts = [...new Set(rows.map((row) => row.period_start))].sort().reverse();
  options(byId("period"), starts, (start) => start);
  // A period that has only begun says little: the last whole one stands first.
  const whole = rows.filter((row) => row.period_end <= TABLES.build.as_of_date).map((row) => row.period_start).sort().at(-1);
  byId("period").value = whole ?? starts[0] ?? "";
}

function card(title, figure, ...sentences) {
  return element("div", { class: "card", "data-card": title }, element("h3", {}, title), element("p", { class: "figure" }, figure),
    ...sentences.filter(Boolean).map((sentence) => element("p", {}, sentence)));
}

function engagementCard(filter) {
  const weeks = ofSegment("engagement", filter);
  const today = weeks.at(-1), before = weeks.at(-5);
  if (!today || today.mean_score === null) return card("Engagement", "–", "Nobody has been seen for a whole window yet.");
  const change = before?.mean_score == null ? null
    : `${signed(today.mean_score - before.mean_score)} since ${before.score_date}`;
  return card("Engagement", number(1)(today.mean_score), `mean of ${number(0)(today.scored_customers)} customers, median ${number(1)(today.median_score)}`, change);
}

function surveyCard(metric, filter) {
  const source = metric === "experience" ? ofSegment("experience", filter) : ofSegment("surveys", filter).filter((row) => row.metric === metric);
  const row = source.find((one) => one.period_grain === filter.grain && one.period_start === filter.period);
  const title = METRICS[metric];
  if (!row) return card(title, "–", "Nobody was asked in this period.");
  if (row.is_suppressed) return card(title, "hidden", "So few answers that they could be told from whom they are.");
  if (row.score === null) return card(title, "–", row.missing_components ? `No answers about ${words(row.missing_components)}.` : "No answers counted.");
  const interval = row.ci_low === null ? "no interval from so few answers" : `${number(1)(row.ci_low)} to ${number(1)(row.ci_high)}`;
  const answers = metric === "experience" ? `at least ${number(0)(row.counted)} answers to each part` : `${number(0)(row.counted)} answers`;
  let change = null;
  if (row.score_change != null) {
    change = `${signed(row.score_change)} against the period before: ` + (row.is_change_significant ? "told from noise"
      : `may be noise${row.smallest_detectable_change == null ? "" : `; ${number(1)(row.smallest_detectable_change)} could have been told`}`);
  }
  return card(title, number(1)(row.score), `${interval}, ${answers}`, change);
}

function showSegment() {
  const filter = chosen();
  byId("cards").replaceChildren(engagementCard(filter), ...Object.keys(METRICS).map((metric) => surveyCard(metric, filter)));
  draw("engagement", "engagement", [["score_date", "day"], ["mean_score", "mean", number(1)], ["p10_score", "tenth", number(1)],
    ["median_score", "median", number(1)], ["p90_score", "ninetieth", number(1)], ["scored_customers", "customers", number(0)]],
  ofSegment("engagement", filter).filter((row) => row.mean_score !== null));
  const last = rowsOf.engagement.at(-1)?.score_date;
  const dimension = filter.dimension;
  byId("bands").replaceChildren(table(`Customers by band, by ${words(dimension)}`, [["segment_value", words(dimension)],
    ["customers", "customers", number(0)], ["scored_customers", "scored", number(0)], ["at_risk_customers", "at risk", number(0)],
    ["low_customers", "low", number(0)], ["medium_customers", "medium", number(0)], ["high_customers", "high", number(0)],
    ["mean_score", "mean score", number(1)]],
  rowsOf.engagement.filter((row) => row.score_date === last && row.segment_dimension === dimension)));
  const compared = rowsOf.comparisons.filter((row) => dimension === "all" || row.segment_dimension === dimension);
  byId("comparisons").replaceChildren(table("Chance that a customer of the first scores higher than one of the second; p adjusted for many comparisons",
    [["segment_value", "segment"], ["other_value", "and"], ["superiority", "chance", percent], ["p_value_adjusted", "p", chance],
      ["is_distinguishable", "", yes("can be told apart")]], compared.filter((row) => row.is_distinguishable || dimension !== "all").slice(0, 30)));
  const movers = rowsOf.customers.filter((row) => row.score_change !== null && isIn(row.customer_id, filter))
    .sort((a, b) => a.score_change - b.score_change || (a.customer_id < b.customer_id ? -1 : 1));
  const columns = [["customer_id", "customer"], ["score", "score", millionths(1)], ["score_change", "change", (value) => signed(value / MILLION)],
    ["engagement_status", "status", words], ["why", "", (_, row) => explainButton(row.customer_id)]];
  byId("movers").replaceChildren(
    table("Fallen most", columns, movers.filter((row) => row.score_change < 0).slice(0, 10)),
    table("Risen most", columns, movers.filter((row) => row.score_change > 0).slice(-10).reverse()));
  for (const metric of Object.keys(METRICS)) {
    const rows = metric === "experience" ? ofSegment("experience", filter) : ofSegment("surveys", filter).filter((row) => row.metric === metric);
    const grain = filter.grain === "all" ? "month" : filter.grain;
    draw(metric, "survey", [["period_start", "from"], ["score", "score", number(1)], ["ci_low", "low", number(1)], ["ci_high", "high", number(1)],
      ["counted", "answers", number(0)]], rows.filter((row) => row.period_grain === grain && row.score !== null && !row.is_suppressed),
    "No period of this segment has enough answers to be shown.");
  }
  const themes = rowsOf.themes.filter((row) => row.period_grain === filter.grain && row.period_start === filter.period && !row.is_suppressed);
  draw("themes", "themes", [["theme", "theme", words], ["share", "share", percent], ["comments_with_theme", "comments", number(0)],
    ["share_change", "change", (value) => (value === null ? "–" : `${signed(100 * value)} points`)],
    ["is_change_significant", "", yes("told from noise")]], themes);
  draw("retention", "retention", [["period_start", "month"], ["retention_rate", "kept", percent], ["retention_low", "low", percent],
    ["retention_high", "high", percent], ["customers_at_start", "customers", number(0)], ["churned", "left", number(0)], ["new_customers", "new", number(0)]],
  ofSegment("retention", filter).filter((row) => row.retention_rate !== null));
  draw("cohorts", "cohorts", [["cohort_month", "came in"], ["months_since", "months since", number(0)], ["customers", "customers", number(0)],
    ["retention_rate", "still there", percent]], ofSegment("cohorts", filter).filter((row) => row.retention_rate !== null));
  byId("values").replaceChildren(table(`By ${words(dimension)}`, [["segment_value", words(dimension)], ["customers", "customers", number(0)],
    ["buyers", "buyers", number(0)], ["revenue", "revenue", number(0)], ["customers_with_clv", "with a lifetime value", number(0)],
    ["median_clv", "median lifetime value", number(0)], ["p90_clv", "of the best tenth at least", number(0)]],
  rowsOf.value.filter((row) => row.segment_dimension === dimension)));
  showSignals();
}

function showSignals() {
  const signal = byId("signal").value, filter = chosen();
  const columns = Object.keys(rowsOf.signals[0] ?? {}).filter((key) => key !== "signal" && key !== "is_held_out");
  const rows = rowsOf.signals.filter((row) => row.signal === signal && isIn(row.customer_id, filter));
  byId("signal-list").replaceChildren(table(`${words(signal)}: strongest first; a head sorts`, [
    ...columns.map((key) => [key, words(key), key === "rule" || key === "lifecycle_stage" ? words : typeof rows[0]?.[key] === "number" ? number(1) : undefined]),
    ["is_held_out", "held out", yes("do not approach")], ["", "", (_, row) => explainButton(row.customer_id)]], rows, { sorts: true }));
  const counts = rowsOf.signal_counts.map((row) => `${words(row.signal)} ${number(0)(row.customers)}`).join(", ");
  byId("signals-note").textContent = counts ? `Customers on each list today: ${counts}. Who is held out is not to be approached, so that acting can be compared with not acting.` : NOTHING;
}

function explainButton(customer) {
  if (!customers.has(customer)) return "";
  return element("button", { type: "button", "aria-label": `Why does ${customer} have this score?`, onclick: () => {
    byId("customer").value = customer;
    showReceipt();
    byId("explain").scrollIntoView();
    byId("customer").focus({ preventScroll: true });
  } }, "why?");
}

const customers = new Map(rowsOf.customers.map((row) => [row.customer_id, row]));

function showReceipt() {
  const customer = customers.get(byId("customer").value);
  if (!customer) {
    byId("receipt").replaceChildren(element("p", { class: "note" }, byId("customer").value ? "No customer of this name is in the page." : ""));
    return;
  }
  const lines = rowsOf.receipts.filter((row) => row.customer_id === customer.customer_id);
  const total = lines.reduce((sum, row) => sum + row.points, 0);
  const most = Math.max(1, ...lines.map((row) => row.points));
  const below = rowsOf.scale.filter((cut) => cut.points <= customer.points).at(-1);
  const above = rowsOf.scale.find((cut) => cut.points > customer.points);
  const at = (cut) => `${millionths(2)(cut.points)} points score ${millionths(2)(cut.score)}`;
  const scale = !below ? "" : customer.event_count === 0 ? "A customer without events scores 1."
    : above ? `On the scale ${below.scale_version}, ${at(below)} and ${at(above)}: between them the score rises in a straight line.`
      : `On the scale ${below.scale_version}, ${at(below)}, and no more points score higher.`;
  const change = customer.score_change === null ? "" : ` One window earlier it was ${millionths(1)(customer.previous_score)}.`;
  byId("receipt").replaceChildren(
    element("p", {}, element("strong", {}, `${customer.customer_id} scores ${millionths(1)(customer.score)}`), `: ${millionths(6)(customer.points)} points in the window that ends today.${change}`),
    table("The receipt", [["event_type", "event type"], ["event_count", "events", number(0)], ["weight", "weight", (value) => (value === null ? "none" : millionths(6)(value))],
      ["points", "points", millionths(6)], ["bar", "", (_, row) => element("span", { class: "bar", style: `width:${(8 * row.points) / most}rem`, "aria-hidden": "true" })]], lines),
    element("p", { id: "sum", "data-sum": total }, total === customer.points
      ? `They add up to ${millionths(6)(total)} points, exactly.`
      : `They add up to ${millionths(6)(total)}, and not to ${millionths(6)(customer.points)}: tell whoever runs the builds.`),
    element("p", { class: "note" }, scale));
}

function showOnce() {
  draw("distribution", "distribution", [["score_bin", "from", number(0)], ["customers", "customers", number(0)], ["share", "share", percent]],
    rowsOf.distribution);
  byId("response").replaceChildren(table("Answers to questions sent, all time", [["metric", "metric"], ["response_dimension", "by"], ["response_value", "of"],
    ["asked", "asked", number(0)], ["response_rate", "answered", percent], ["ci_low", "low", percent], ["ci_high", "high", percent],
    ["median_hours_to_answer", "median hours to answer", number(1)]], rowsOf.response.filter((row) => !row.is_suppressed && row.asked > 0), { sorts: true }));
  byId("bias").replaceChildren(table("Only what differs by a tenth of a standard deviation or more", [["metric", "metric"], ["trait", "trait"], ["trait_value", "value", words],
    ["respondent_mean", "respondents", (value, row) => (row.is_share ? percent(value) : number(1)(value))],
    ["customer_mean", "all customers", (value, row) => (row.is_share ? percent(value) : number(1)(value))],
    ["standardised_difference", "in standard deviations", number(2)]], rowsOf.bias));
  byId("theme_scores").replaceChildren(table("Scores of answers with and without a theme, all time", [["metric", "metric"], ["theme", "theme", words],
    ["score_with_theme", "with", number(1)], ["score_without_theme", "without", number(1)], ["score_difference", "difference", signed],
    ["answers_with_theme", "answers with", number(0)], ["is_difference_significant", "", yes("told from noise")]],
  rowsOf.theme_scores.filter((row) => !row.is_suppressed && row.score_difference !== null)));
  byId("low_answers").replaceChildren(table("By touchpoint; each answer stands in the mart low_csat_audit", [["touchpoint", "touchpoint"], ["low_answers", "low answers", number(0)],
    ["customers", "customers", number(0)], ["with_comment", "with a comment", number(0)]], rowsOf.low_answers));
  const drivers = rowsOf.drivers.filter((row) => row.share_of_r_squared !== null);
  draw("drivers", "drivers", [["driver", "driver", words], ["driver_kind", "kind"], ["direction", "direction"], ["share_of_r_squared", "share", percent],
    ["respondents", "respondents", number(0)], ["is_small_sample", "", yes("small sample")]], drivers);
  byId("reconciliation").replaceChildren(table("Each raw row is accepted, a duplicate, rejected or erased", [["source_table", "raw table"], ["raw_rows", "rows", number(0)],
    ["accepted", "accepted", number(0)], ["duplicates", "duplicates", number(0)], ["rejected", "rejected", number(0)], ["erased", "erased", number(0)],
    ["last_loaded_at", "last loaded (UTC)"]], rowsOf.reconciliation));
  byId("breaks").replaceChildren(rowsOf.breaks.length ? table("Tracking, not behaviour", [["activity_date", "day"], ["event_type", "event type"], ["event_count", "events", number(0)],
    ["expected_events", "expected", number(0)], ["customers", "customers", number(0)], ["expected_customers", "expected", number(0)]], rowsOf.breaks)
    : element("p", {}, "None was found."));
  byId("restatements").replaceChildren(table("By month in which they were restated", [["month", "month"], ["restated_scores", "scores of a day", number(0)],
    ["customers", "customers", number(0)], ["late_events", "late events", number(0)], ["greatest_change", "greatest change", number(1)]], rowsOf.restatements));
  byId("backtest").replaceChildren(table("All customers", [["horizon_days", "days ahead", number(0)], ["predictor", "told by"], ["customers", "customers", number(0)],
    ["churned", "left", number(0)], ["auc", "AUC", number(3)], ["auc_low", "low", number(3)], ["auc_high", "high", number(3)],
    ["auc_gain", "gain on days of silence", number(3)], ["top_decile_lift", "lift of the worst tenth", number(1)], ["note", "", (value) => value ?? ""]], rowsOf.backtest));
}

function showCalibration() {
  draw("calibration", "calibration", [["decile", "tenth", number(0)], ["customers", "customers", number(0)], ["mean_predicted", "foretold", percent],
    ["churn_rate", "left", percent], ["churn_rate_low", "low", percent], ["churn_rate_high", "high", percent]],
  rowsOf.calibration.filter((row) => String(row.horizon_days) === byId("horizon").value && row.churn_rate !== null));
}

function show() {
  showSegment();
  showOnce();
  showCalibration();
}

fillSegments();
fillPeriods();
options(byId("signal"), rowsOf.signal_counts.map((row) => row.signal));
options(byId("horizon"), [...new Set(rowsOf.calibration.map((row) => String(row.horizon_days)))]);
byId("customers").append(...rowsOf.customers.map((row) => element("option", { value: row.customer_id })));
byId("explained-note").textContent = TABLES.build.explained < TABLES.build.customers
  ? `${number(0)(TABLES.build.explained)} of ${number(0)(TABLES.build.customers)} customers can be explained here: of a small company all who have a score today, else those on a list and those whose score moved most. The mart fct_engagement_contributions has all.`
  : "Every customer can be explained here.";
byId("segment").addEventListener("change", showSegment);
byId("grain").addEventListener("change", () => { fillPeriods(); showSegment(); });
byId("period").addEventListener("change", showSegment);
byId("signal").addEventListener("change", showSignals);
byId("horizon").addEventListener("change", showCalibration);
byId("customer").addEventListener("input", showReceipt);
// Whoever fell most is a good first question.
byId("customer").value = rowsOf.customers.filter((row) => row.score_change !== null && row.event_count > 0)
  .reduce((most, row) => (most && most.score_change <= row.score_change ? most : row), null)?.customer_id ?? "";
showReceipt();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
show();
