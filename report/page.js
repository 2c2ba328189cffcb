// The page shows rows of the marts as they stand: filters choose rows, and nothing is averaged or summed here but one
// customer's receipts, in whole millionths, to show that they add up.
const METRICS = { nps: ["NPS", ""], csat: ["CSAT", "%"], effort: ["Effort", "points"], experience: ["Experience index", ""] };
const BANDS = ["at_risk", "low", "medium", "high"];
const TODAY = TABLES.build.as_of_date;

// What the filters choose.
const chosen = () => {
  const [dimension, value] = JSON.parse(byId("segment").value || '["all","all"]');
  return { dimension, value, grain: byId("grain").value, period: byId("period").value };
};
const ofSegment = (name, { dimension, value }) =>
  rowsOf[name].filter((row) => row.segment_dimension === dimension && row.segment_value === value);
const surveysOf = (metric, filter) => (metric === "experience" ? ofSegment("experience", filter)
  : ofSegment("surveys", filter).filter((row) => row.metric === metric));
const isOf = ({ grain, period }) => (row) => row.period_grain === grain && row.period_start === period;
const customers = new Map(rowsOf.customers.map((row) => [row.customer_id, row]));
const segmentsOf = new Map();
for (const { customer_id: customer, segment_dimension: dimension, segment_value: value } of rowsOf.customer_values) {
  if (!segmentsOf.has(customer)) segmentsOf.set(customer, {});
  segmentsOf.get(customer)[dimension] = value;
}
const isIn = (customer, { dimension, value }) => dimension === "all" || segmentsOf.get(customer)?.[dimension] === value;
// Where one segment is chosen its dimension is compared, else all dimensions are.
const besides = (name, { dimension }) => rowsOf[name].filter((row) => dimension === "all" || row.segment_dimension === dimension);
const segmentName = (row) => (row.segment_dimension === "all" ? "all customers" : `${words(row.segment_dimension)}: ${row.segment_value}`);

function fillSegments() {
  const dimensions = [...new Set(rowsOf.segments.map((row) => row.segment_dimension))];
  const option = (row) => element("option", { value: JSON.stringify([row.segment_dimension, row.segment_value]) },
    row.segment_dimension === "all" ? "all customers" : row.segment_value);
  byId("segment").replaceChildren(...dimensions.flatMap((dimension) => {
    const found = rowsOf.segments.filter((row) => row.segment_dimension === dimension).map(option);
    return dimension === "all" ? found : [element("optgroup", { label: words(dimension) }, ...found)];
  }));
}

// The last day of each period, by its first: those of surveys or, where nobody was ever asked, those with scores.
function endsOf(grain) {
  if (rowsOf.surveys.length) {
    return new Map(rowsOf.surveys.filter((row) => row.period_grain === grain).map((row) => [row.period_start, row.period_end]));
  }
  const starts = { month: (date) => `${date.slice(0, 7)}-01`, all: () => rowsOf.engagement[0].score_date,
    quarter: (date) => `${date.slice(0, 5)}${String(3 * Math.floor((date.slice(5, 7) - 1) / 3) + 1).padStart(2, "0")}-01` };
  return new Map(rowsOf.engagement.map(({ score_date: date }) => [starts[grain](date), date]));
}

function fillPeriods() {
  const grain = byId("grain").value, ends = endsOf(grain);
  const starts = [...ends.keys()].sort().reverse();
  options(byId("period"), starts, (start) => periodName(start, grain) + (ends.get(start) > TODAY ? " (not over)" : ""));
  // A period that has only begun says little: the last whole one is chosen.
  byId("period").value = starts.find((start) => ends.get(start) <= TODAY) ?? starts[0] ?? "";
}

// The last day of the period of which engagement is shown: today, where the period is not over.
function lastDay({ grain, period }) {
  const days = rowsOf.engagement.map((row) => row.score_date);
  const end = endsOf(grain).get(period) ?? TODAY;
  return days.filter((date) => date <= end).at(-1) ?? TODAY;
}

// Overview

function card(id, title, text, unit, ...parts) {
  return element("div", { class: "card", "data-card": id }, element("h3", {}, title),
    element("p", { class: "figure" }, text, unit ? element("small", {}, ` ${unit}`) : null), ...parts);
}

// Bars on one line, from its least end to its greatest: [class, from, to]. The sentences beside it say the same.
function strip(bars, dot) {
  const low = Math.min(...bars.map(([, from]) => from)), high = Math.max(...bars.map(([, , to]) => to));
  const place = (value) => (high > low ? (100 * (value - low)) / (high - low) : 50);
  return element("div", { class: "strip", "aria-hidden": "true" },
    ...bars.map(([kind, from, to]) => element("span", { class: kind, style: `left:${place(from)}%;width:${Math.max(1, place(to) - place(from))}%` })),
    element("span", { class: "dot", style: `left:${place(dot)}%` }));
}

function engagementCard(filter) {
  const rows = ofSegment("engagement", filter), end = lastDay(filter);
  const now = rows.find((row) => row.score_date === end);
  if (!isKnown(now?.mean_score)) return card("engagement", "Engagement", NOT_KNOWN, "", element("p", {}, "Nobody had a score on the last day of this period."));
  const before = filter.grain === "all" || !filter.period ? null : rows.find((row) => row.score_date === dayBefore(filter.period));
  const change = isKnown(before?.mean_score) ? `${signed(now.mean_score - before.mean_score)} since ${day(before.score_date)}` : null;
  return card("engagement", "Engagement", number()(now.mean_score), "of 100", strip([["now", now.p10_score, now.p90_score]], now.mean_score),
    element("p", {}, `mean of ${count(now.scored_customers)} customers with a score on ${day(end)}; middle 80 % ${number()(now.p10_score)} to ${number()(now.p90_score)}`),
    change && element("p", { class: "change" }, change));
}

// Why a survey has no score in this period, or null where it has one.
function silence(row) {
  if (!row) return "Nobody was asked in this period.";
  if (row.is_suppressed) return "Hidden: so few answers that they might tell who gave them.";
  if (row.missing_components) return `No answers about ${words(row.missing_components)}.`;
  return isKnown(row.score) ? null : "Nobody answered in this period.";
}

function surveyCard(metric, filter) {
  const rows = surveysOf(metric, filter), [title, unit] = METRICS[metric];
  const row = rows.find(isOf(filter)), why = silence(row);
  if (why) return card(metric, title, row?.is_suppressed ? "hidden" : NOT_KNOWN, "", element("p", {}, why));
  const earlier = rows.find((other) => other.period_grain === filter.grain && other.period_end === dayBefore(filter.period) && !silence(other));
  const bars = [["now", row.ci_low, row.ci_high], ...(isKnown(earlier?.ci_low) ? [["before", earlier.ci_low, earlier.ci_high]] : [])];
  const answers = metric === "experience" ? `at least ${count(row.counted)} answers to each part` : `${count(row.counted)} answers, ${count(row.asked)} asked`;
  const kind = !row.is_change_significant ? "change" : row.score_change < 0 ? "change told fell" : "change told";
  const least = isKnown(row.smallest_detectable_change) && !row.is_change_significant
    ? `So many answers can tell a change of ${number()(row.smallest_detectable_change)} or more.` : null;
  const range = (low, high, name) => (isKnown(low) || isKnown(high)
    ? `${name} ${[isKnown(low) ? `from ${number(0)(low)}` : "", isKnown(high) ? `to ${number(0)(high)}` : ""].join(" ").trim()}` : null);
  const compared = [row.band && `band: ${words(row.band)}`, range(row.benchmark_low, row.benchmark_high, "benchmark"),
    range(row.target_low, row.target_high, "target")].filter(Boolean).join("; ");
  return card(metric, title, number()(row.score), unit, isKnown(row.ci_low) ? strip(bars, row.score) : null,
    element("p", {}, isKnown(row.ci_low) ? `95 % interval ${number()(row.ci_low)} to ${number()(row.ci_high)}` : "no interval from so few answers"),
    element("p", {}, answers), compared ? element("p", {}, compared) : null,
    isKnown(row.score_change) ? element("p", { class: kind }, `${signed(row.score_change)}: ${row.is_change_significant ? "more than noise" : "may be noise"}`) : null,
    least && element("p", {}, least));
}

function showSegmentsNow(filter) {
  const end = lastDay(filter);
  const rows = besides("segments", filter).map((segment) => {
    const key = { ...filter, dimension: segment.segment_dimension, value: segment.segment_value };
    const found = { segment: segmentName(segment), engagement: ofSegment("engagement", key).find((row) => row.score_date === end)?.mean_score ?? null };
    for (const metric of Object.keys(METRICS)) {
      const row = surveysOf(metric, key).find(isOf(filter));
      found[metric] = row && !silence(row) ? row.score : null;
      found[`${metric}_said`] = !row ? "not asked" : row.is_suppressed ? "hidden" : silence(row) ? "no answers"
        : number()(row.score) + (isKnown(row.ci_low) ? ` (${number()(row.ci_low)} to ${number()(row.ci_high)})` : "");
    }
    return found;
  });
  byId("segments-now").replaceChildren(table("Score and 95 % interval; a head sorts", [["segment", "segment"], ["engagement", "engagement", number()],
    ...Object.entries(METRICS).map(([metric, [title]]) => [metric, title, (_, row) => row[`${metric}_said`]])], rows, { sorts: true, first: 24 }));
}

// Engagement

function showEngagement(filter) {
  draw("engagement", "engagement", [["score_date", "day", day], ["mean_score", "mean", number()], ["p10_score", "one tenth below", number()],
    ["median_score", "median", number()], ["p90_score", "one tenth above", number()], ["scored_customers", "customers", count]],
  ofSegment("engagement", filter).filter((row) => isKnown(row.mean_score)));
  const end = lastDay(filter);
  const onLastDay = new Map(besides("engagement", filter).filter((row) => row.score_date === end && row.scored_customers).map((row) => [segmentName(row), row]));
  const bands = besides("segments", filter).map((segment) => onLastDay.get(segmentName(segment))).filter(Boolean).flatMap((row) => BANDS.map((band, place) => ({ segment: segmentName(row), band: words(band), place, customers: row[`${band}_customers`] })));
  draw("bands", "bands", [["segment", "segment"], ["band", "band"], ["customers", "customers", count]], bands);
  const compared = besides("comparisons", filter).filter((row) => row.is_distinguishable || filter.dimension !== "all");
  byId("comparisons").replaceChildren(table("How often a customer of the first scores higher than one of the second; p adjusted for many comparisons",
    [["segment_value", "segment"], ["other_value", "and"], ["superiority", "how often", percent], ["p_value_adjusted", "p", chance],
      ["is_distinguishable", "can be told apart", either("yes", "no")]], compared, { first: 9, empty: "None can be told apart." }));
  const movers = rowsOf.customers.filter((row) => isKnown(row.score_change) && isIn(row.customer_id, filter))
    .sort((a, b) => a.score_change - b.score_change || (a.customer_id < b.customer_id ? -1 : 1));
  const show = (id, rows) => byId(id).replaceChildren(table("Today against one window earlier", [["customer_id", "customer"], ["previous_score", "was", scoreOf],
    ["score", "is", scoreOf], ["score_change", "change", changeOf], ["receipt", "receipt", (_, row) => explainButton(row.customer_id)]], rows, { empty: "Nobody." }));
  show("fallen", movers.filter((row) => row.score_change < 0).slice(0, 8));
  show("risen", movers.filter((row) => row.score_change > 0).slice(-8).reverse());
}

function showDistribution() {
  const rows = rowsOf.distribution.map((row) => ({ ...row, bin: `${Math.max(1, row.score_bin)}–${row.score_bin + 10}` }));
  draw("distribution", "distribution", [["bin", "score"], ["customers", "customers", count], ["share", "share", percent]], rows);
}

// One customer

function explainButton(customer) {
  if (!customers.has(customer)) return "";
  return element("button", { type: "button", "aria-label": `Why does ${customer} have this score?`, onclick: () => {
    byId("customer").value = customer;
    showReceipt();
    byId("explain").scrollIntoView();
    byId("customer").focus({ preventScroll: true });
  } }, "why?");
}

const UNSCORED = {
  too_new: "has no score yet: it was first seen within the window",
  never_active: "has no score: it has never done anything that was recorded",
  churned: "has left, and has no score any more",
};

// A line's bar, as long as its part of the longest.
const bar = (value, most) => element("span", { class: value < 0 ? "bar less" : "bar", style: `--part:${Math.abs(value) / most}`, "aria-hidden": "true" });

function added(id, total, expected, what) {
  return element("p", { id, "data-sum": total }, total === expected ? `They add up to ${what}, exactly.`
    : `They do not add up to ${what}: tell whoever runs the builds.`);
}

// The score's place between two cut points of the scale, as a sum.
function formula({ points, score, event_count: events }) {
  if (events === 0) return "A customer without events in the window scores 1.";
  const below = rowsOf.scale.filter((cut) => cut.points <= points).at(-1), above = rowsOf.scale.find((cut) => cut.points > points);
  if (!below) return null;
  if (!above) return `On the scale ${below.scale_version}, ${pointsOf(below.points)} points or more score ${pointsOf(below.score)}.`;
  const between = `(${pointsOf(points)} − ${pointsOf(below.points)}) / (${pointsOf(above.points)} − ${pointsOf(below.points)})`;
  return `On the scale ${below.scale_version}, ${pointsOf(below.points)} points score ${pointsOf(below.score)} and ${pointsOf(above.points)} score ${pointsOf(above.score)}: `
    + `${pointsOf(below.score)} + ${between} × ${pointsOf(above.score - below.score)} = ${number(2)(score / MILLION)}.`;
}

function showReceipt() {
  const customer = customers.get(byId("customer").value.trim());
  if (!customer) {
    byId("receipt").replaceChildren(note(byId("customer").value ? "No customer of this name is in the page." : "Choose a customer."));
    return;
  }
  const { customer_id: id, engagement_status: status } = customer;
  const about = [["status", words(status)], ["stage", words(customer.lifecycle_stage)], ["trend", words(customer.trend)],
    ...Object.entries(segmentsOf.get(id) ?? {}).map(([dimension, value]) => [words(dimension), value])]
    .filter(([, value]) => value !== NOT_KNOWN).map(([name, value]) => `${name} ${value}`).join(" · ");
  const isScored = isKnown(customer.score);
  const head = element("p", { class: "answer" }, element("strong", {}, isScored ? `${id} scores ${scoreOf(customer.score)}` : id),
    isScored ? `: ${words(customer.engagement_band)}, above ${isKnown(customer.percentile) ? number(0)(customer.percentile) : NOT_KNOWN} % of customers.`
      : ` ${UNSCORED[status] ?? "has no score"}.`);
  if (!isKnown(customer.points)) {
    byId("receipt").replaceChildren(head, note(about));
    return;
  }
  const lines = rowsOf.receipts.filter((row) => row.customer_id === id);
  const changes = rowsOf.changes.filter((row) => row.customer_id === id);
  const greatest = (rows, key) => Math.max(1, ...rows.map((row) => Math.abs(row[key])));
  const sum = (rows, key) => rows.reduce((total, row) => total + row[key], 0);
  const total = sum(lines, "points");
  const foot = element("tr", {}, element("th", { scope: "row" }, "sum"), element("td"), element("td"), element("td", { class: "number" }, pointsOf(total)), element("td"));
  const receipt = element("div", { class: "panel" }, element("h3", {}, `What made ${pointsOf(customer.points)} points`),
    table("Events of the window that ends today", [["event_type", "event type", words], ["event_count", "events", count],
      ["weight", "points each", pointsOf], ["points", "points", pointsOf], ["bar", "share", (_, row) => bar(row.points, greatest(lines, "points"))]],
    lines, { first: 50, foot, empty: "It did nothing in the window that ends today." }),
    added("sum", total, customer.points, `${pointsOf(customer.points)} points`));
  const change = !isKnown(customer.points_change) ? note("There is no window before to compare with.")
    : element("div", {}, table("Points more or less than one window earlier", [["event_type", "event type", words], ["effect", "because of", words],
      ["points_change", "points", pointsMore], ["bar", "size", (_, row) => bar(row.points_change, greatest(changes, "points_change"))]], changes, { first: 50, empty: "Nothing changed." }),
    added("change-sum", sum(changes, "points_change"), customer.points_change, `${pointsMore(customer.points_change)} points`));
  byId("receipt").replaceChildren(...[head, note(about), isScored && element("p", { class: "formula" }, formula(customer)),
    element("div", { class: "grid" }, receipt, element("div", { class: "panel" },
      element("h3", {}, isKnown(customer.score_change) ? `Why it moved from ${scoreOf(customer.previous_score)}` : "Why it moved"), change))].filter(Boolean));
}

// Surveys

function showSurveys(filter) {
  const grain = filter.grain === "all" ? "month" : filter.grain;
  for (const metric of Object.keys(METRICS)) {
    const rows = surveysOf(metric, filter).filter((row) => row.period_grain === grain && !silence(row));
    draw(metric, "survey", [["period_start", "period", (start) => periodName(start, grain)], ["score", "score", number()], ["ci_low", "from", number()],
      ["ci_high", "to", number()], ["counted", "answers", count], ...(metric === "experience" ? [] : [["is_change_significant", "change beyond noise", isTold]])],
    rows, "No period of this segment has enough answers to be shown.");
  }
  const themes = rowsOf.themes.filter(isOf(filter)).filter((row) => !row.is_suppressed && isKnown(row.share)).map((row) => ({ ...row, name: words(row.theme) }));
  draw("themes", "themes", [["name", "theme"], ["share", "share", percent], ["comments_with_theme", "comments", count],
    ["share_change", "change, in points", percentPoints], ["is_change_significant", "beyond noise", isTold]], themes, "Too few comments in this period to be shown.");
}

function showSurveysOfAll() {
  byId("response").replaceChildren(table("Answers to questions sent, over all time", [["metric", "metric"], ["response_dimension", "by", words], ["response_value", "of", words],
    ["asked", "asked", count], ["response_rate", "answered", percent], ["ci_low", "from", percent], ["ci_high", "to", percent]],
  rowsOf.response.filter((row) => !row.is_suppressed && row.asked > 0), { sorts: true, first: 9 }));
  const share = (value, row) => (row.is_share ? percent(value) : number()(value));
  byId("bias").replaceChildren(table("Only what differs by a tenth of a standard deviation or more", [["metric", "metric"], ["trait", "trait", words],
    ["trait_value", "value", words], ["respondent_mean", "respondents", share], ["customer_mean", "all", share],
    ["standardised_difference", "in standard deviations", number(2)]], rowsOf.bias, { first: 9, empty: "In nothing that was compared." }));
  byId("theme_scores").replaceChildren(table("Scores of answers whose comment touches a theme, and of the others; all time", [["metric", "metric"], ["theme", "theme", words],
    ["score_with_theme", "with", number()], ["score_without_theme", "without", number()], ["answers_with_theme", "answers with", count],
    ["score_difference", "difference", signed], ["is_difference_significant", "beyond noise", isTold]],
  rowsOf.theme_scores.filter((row) => !row.is_suppressed && isKnown(row.score_difference)), { sorts: true, first: 9 }));
  byId("low_answers").replaceChildren(table("By touchpoint, over all time; each answer stands in the mart low_csat_audit", [["touchpoint", "touchpoint", words],
    ["low_answers", "low answers", count], ["customers", "customers", count], ["with_comment", "with a comment", count]], rowsOf.low_answers, { empty: "None." }));
  const drivers = rowsOf.drivers.filter((row) => isKnown(row.share_of_r_squared)).map((row) => ({ ...row, name: words(row.driver) }));
  draw("drivers", "drivers", [["name", "driver"], ["driver_kind", "kind"], ["direction", "direction"], ["share_of_r_squared", "share", percent],
    ["r_squared", "explained in all", percent], ["respondents", "people", count], ["is_small_sample", "sample", either("small", "large enough")]],
  drivers, "Too few people answered NPS and another question.");
}

// Retention and value

function showValue(filter) {
  draw("retention", "retention", [["period_start", "month", month], ["retention_rate", "kept", percent], ["retention_low", "from", percent],
    ["retention_high", "to", percent], ["customers_at_start", "customers", count], ["churned", "left", count], ["new_customers", "new", count]],
  ofSegment("retention", filter).filter((row) => isKnown(row.retention_rate)));
  const cohorts = ofSegment("cohorts", filter).filter((row) => isKnown(row.retention_rate)).map((row) => ({ ...row, cohort: month(row.cohort_month) }));
  draw("cohorts", "cohorts", [["cohort", "came in"], ["months_since", "months since", count], ["customers", "customers", count],
    ["retention_rate", "still there", percent], ["retention_low", "from", percent], ["retention_high", "to", percent]], cohorts);
  byId("values").replaceChildren(table("Over all time, in your currency; lifetime value (CLV) per customer", [["segment", "segment"], ["customers", "customers", count],
    ["buyers", "buyers", count], ["revenue", "revenue", count], ["median_clv", "median CLV", count], ["p90_clv", "best tenth, from", count]],
  besides("value", filter).map((row) => ({ ...row, segment: segmentName(row) })), { sorts: true }));
}

// Lists to act on

function showSignals() {
  const signal = byId("signal").value, filter = chosen();
  const rows = rowsOf.signals.filter((row) => row.signal === signal && isIn(row.customer_id, filter));
  const formats = { since_date: day, rule: words, lifecycle_stage: words, strength: number(), engagement_score: number(), score_change: signed };
  const evidence = Object.keys(rows[0] ?? {}).filter((key) => !["signal", "customer_id", "is_held_out"].includes(key) && rows.some((row) => isKnown(row[key])));
  byId("signal-list").replaceChildren(table("Strongest first; a head sorts", [["customer_id", "customer"],
    ...evidence.map((key) => [key, words(key), formats[key] ?? ((value) => (isKnown(value) ? String(value) : NOT_KNOWN))]),
    ["is_held_out", "approach", either("no: held out", "yes")], ["receipt", "receipt", (_, row) => explainButton(row.customer_id)]],
  rows, { sorts: true, empty: "Nobody of this segment is on this list." }));
  const part = (row) => `${count(row.happened)} of ${count(row.spells)} (${percent(row.outcome_rate)}, 95 % interval ${percent(row.rate_low)} to ${percent(row.rate_high)})`;
  const [listed, held] = ["listed", "held_out"].map((group) => rowsOf.signal_results.find((row) => row.signal === signal && row.listed_group === group && row.spells));
  byId("signal-results").textContent = !listed ? "" : `What came of earlier lists: within ${listed.within_days} days ${words(listed.outcome)} ${part(listed)}`
    + (held ? `; of those held out ${part(held)}.` : ".");
}

function fillSignals() {
  options(byId("signal"), rowsOf.signal_counts.map((row) => row.signal));
  const counts = rowsOf.signal_counts.map((row) => `${words(row.signal)} ${count(row.customers)}`).join(", ");
  byId("signals-note").textContent = counts ? `Customers on each list today: ${counts}. Who is held out is not to be approached, so that acting can be compared with not acting.`
    + (rowsOf.signal_counts.some((row) => row.customers > rowsOf.signals.filter((one) => one.signal === row.signal).length) ? " Of a long list the strongest are here." : "") : NOTHING;
}

// Data quality

function showQuality() {
  byId("quadrants").replaceChildren(table("Customers who have not left; engaged and satisfied are never one number", [["quadrant", "quadrant"], ["customers", "customers", count]], rowsOf.quadrants));
  byId("reconciliation").replaceChildren(table("Each is accepted, a duplicate, rejected or erased", [["source_table", "raw table", words], ["raw_rows", "rows", count],
    ["accepted", "accepted", count], ["duplicates", "duplicates", count], ["rejected", "rejected", count], ["erased", "erased", count],
    ["last_loaded_at", "newest loaded (UTC)"]], rowsOf.reconciliation));
  byId("unweighted").replaceChildren(table("They have no weight", [["event_type", "event type"], ["event_count", "events", count], ["customers", "customers", count],
    ["first_date", "from", day], ["last_date", "to", day]], rowsOf.unweighted, { empty: "There are none." }));
  byId("breaks").replaceChildren(table("Tracking, not behaviour", [["activity_date", "day", day], ["event_type", "event type"], ["event_count", "events", count],
    ["expected_events", "expected", count], ["customers", "customers", count], ["expected_customers", "expected", count]], rowsOf.breaks, { empty: "None was found." }));
  byId("restatements").replaceChildren(table("By month of the restatement, newest first", [["month", "month", month], ["restated_scores", "scores of a day", count],
    ["customers", "customers", count], ["late_events", "late events", count], ["greatest_change", "greatest change", number()]], rowsOf.restatements,
  { first: 6, empty: "No event came late." }));
}

// Is the score any good?

function verdict(row) {
  if (row.note) return `not known: ${words(row.note)}`;
  if ((row.auc_low ?? row.auc) <= 0.5) return "no better than chance, as far as can be seen";
  if (row.auc_gain_low > 0) return "yes, and better than days of silence alone";
  return row.auc_gain_high < 0 ? "yes, but days of silence alone do better" : "yes, but days of silence alone may do as well";
}

function showGood() {
  const rows = rowsOf.backtest.filter((row) => row.predictor === "engagement").map((row) => ({
    ...row, verdict: verdict(row), recency: rowsOf.backtest.find((other) => other.predictor === "recency" && other.horizon_days === row.horizon_days)?.auc,
  }));
  const interval = (value, low, high) => (isKnown(low) ? `${percent(value)} (${percent(low)} to ${percent(high)})` : percent(value));
  byId("backtest").replaceChildren(table("All customers; lift is how much more often the tenth at most risk left than all did", [["horizon_days", "days ahead", count],
    ["verdict", "did it tell?"], ["customers", "customers", count], ["churned", "left", count], ["auc", "AUC (95 % interval)", (value, row) => interval(value, row.auc_low, row.auc_high)],
    ["recency", "AUC of silence alone", percent], ["top_decile_lift", "lift", (value) => (isKnown(value) ? `${number()(value)}×` : NOT_KNOWN)]], rows));
  options(byId("horizon"), [...new Set(rowsOf.calibration.map((row) => String(row.horizon_days)))].reverse(), (days) => days);
}

function showCalibration() {
  draw("calibration", "calibration", [["decile", "tenth", count], ["customers", "customers", count], ["mean_predicted", "foretold", percent],
    ["churn_rate", "left", percent], ["churn_rate_low", "from", percent], ["churn_rate_high", "to", percent]],
  rowsOf.calibration.filter((row) => String(row.horizon_days) === byId("horizon").value && isKnown(row.churn_rate)));
}

function showChosen() {
  const filter = chosen();
  const segment = { segment_dimension: filter.dimension, segment_value: filter.value };
  byId("chosen").textContent = `${segmentName(segment)}, ${filter.period ? periodName(filter.period, filter.grain) : "today"}`;
  byId("cards").replaceChildren(engagementCard(filter), ...Object.keys(METRICS).map((metric) => surveyCard(metric, filter)));
  showSegmentsNow(filter);
  showEngagement(filter);
  showSurveys(filter);
  showValue(filter);
  showSignals();
}

fillSegments();
fillPeriods();
fillSignals();
byId("customers").append(...rowsOf.customers.map((row) => element("option", { value: row.customer_id })));
byId("explained-note").textContent = TABLES.build.explained < TABLES.build.customers
  ? `${count(TABLES.build.explained)} of ${count(TABLES.build.customers)} customers can be explained here: those on a list and those whose score moved most. The mart fct_engagement_contributions has all.`
  : "Every customer can be explained here.";
byId("segment").addEventListener("change", showChosen);
byId("grain").addEventListener("change", () => { fillPeriods(); showChosen(); });
byId("period").addEventListener("change", showChosen);
byId("signal").addEventListener("change", showSignals);
byId("horizon").addEventListener("change", showCalibration);
byId("customer").addEventListener("input", showReceipt);
document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
// Who fell most, and still did several things, is a good first question.
const kinds = rowsOf.receipts.reduce((found, row) => found.set(row.customer_id, (found.get(row.customer_id) ?? 0) + (row.points > 0)), new Map());
byId("customer").value = rowsOf.customers.filter((row) => isKnown(row.score_change) && kinds.get(row.customer_id) >= 4)
  .reduce((most, row) => (most && most.score_change <= row.score_change ? most : row), rowsOf.customers[0] ?? null)?.customer_id ?? "";
showChosen();
showReceipt();
showDistribution();
showSurveysOfAll();
showQuality();
showGood();
showCalibration();
