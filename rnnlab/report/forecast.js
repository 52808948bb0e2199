// The page of a forecast: find a series, and see its past and its forecast.
"use strict";

const byId = (id) => document.getElementById(id);
const { times, dates, series } = JSON.parse(byId("content").textContent);
const spec = JSON.parse(byId("spec").textContent);
const COLUMNS = ["forecast", "low_80", "high_80", "low_95", "high_95"];

const text = (value) => value.toLocaleString("en", { maximumSignificantDigits: 6 });

// times as milliseconds, or as whole numbers
function timesOf(each) {
  const count = each.y.length + each.forecast.length;
  const places = Array.isArray(each.at) ? each.at : Array.from({ length: count }, (_, step) => each.at + step);
  return places.map((place) => (dates ? 1000 * times[place] : times[place]));
}

function rowsOf(each) {
  const at = timesOf(each), past = each.y.length;
  const rows = each.y.map((y, step) => ({ at: at[step], y }));
  // line and bands begin at the last value, so that there is no gap
  for (const column of COLUMNS) rows[past - 1][column] = each.y[past - 1];
  for (let step = 0; step < each.forecast.length; step++) rows.push({ at: at[past + step],
    ...Object.fromEntries(COLUMNS.flatMap((column) =>
      [[column, each[column][step]], [`said_${column}`, each[column][step]]])) });
  return byId("all").checked ? rows : rows.slice(Math.max(0, past - RECENT));
}

function timeText(at) {
  if (!dates) return String(at);
  const [day, hour] = new Date(at).toISOString().split("T");
  return hour.startsWith("00:00:00") ? day : `${day} ${hour.slice(0, 5)}`;
}

function show() {
  const each = series[byId("names").value];
  if (!each) return;
  byId("name").textContent = each.id;
  byId("all").parentElement.hidden = each.y.length <= RECENT;
  const rows = rowsOf(each), truth = spec.layer.find((layer) => layer.mark.style === "history");
  // a value between gaps makes no line
  truth.mark.point = each.y.includes(null) && { color: config().style.history.color, size: 16 };
  drawChart(byId("chart"), { ...spec, description: `the past and the forecast of ${each.id}`, data: { values: rows } });
  const at = timesOf(each).slice(each.y.length);
  byId("rows").replaceChildren(...each.forecast.map((_, step) => {
    const row = document.createElement("tr");
    for (const cell of [timeText(at[step]), ...COLUMNS.map((column) => text(each[column][step]))]) {
      const place = document.createElement(row.firstChild ? "td" : "th");
      if (!row.firstChild) place.scope = "row";
      place.textContent = cell;
      row.append(place);
    }
    return row;
  }));
}

function search() {
  const wanted = byId("search").value.trim().toLowerCase();
  const found = [...series.keys()].filter((number) => series[number].id.toLowerCase().includes(wanted));
  byId("names").replaceChildren(...found.map((number) => new Option(series[number].id, number)));
  byId("found").textContent = `${text(found.length)} of ${text(series.length)} series`;
  byId("names").selectedIndex = 0;
  show();
}

byId("search").addEventListener("input", search);
byId("names").addEventListener("change", show);
byId("all").addEventListener("change", show);
dark.addEventListener("change", show);
search();
