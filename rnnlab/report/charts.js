// Charts of Vega-Lite in the colours of the page, light and dark.
const dark = matchMedia("(prefers-color-scheme: dark)");

function config() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue("--" + name).trim();
  const font = "system-ui, sans-serif";
  return {
    background: null,
    font,
    view: { stroke: null },
    axis: {
      domainColor: color("line"), gridColor: color("line"), tickColor: color("line"),
      labelColor: color("muted"), titleColor: color("muted"), titleFontWeight: "normal",
      labelFontSize: 11, titleFontSize: 12,
    },
    axisX: { grid: false },
    legend: { labelColor: color("text"), labelFontSize: 12, symbolType: "stroke", symbolStrokeWidth: 3 },
    range: {
      category: [color("model"), color("combination"), color("baseline"), color("zero-shot"), color("fine-tuned")],
      heatmap: [color("panel"), color("baseline")],
    },
    line: { strokeWidth: 2 },
    style: {
      pointer: { color: color("text") },
      count: { color: color("text"), fontSize: 11 },
      square: { stroke: color("line") },
      forecast: { color: color("model") },
      truth: { color: color("text"), filled: true, size: 20, opacity: 1 },
      history: { color: color("text"), strokeWidth: 1.5 },
      interval_80: { color: color("model"), opacity: 0.3 },
      interval_95: { color: color("model"), opacity: 0.2 },
    },
  };
}

// without the numbers that a row lacks
function tooltipOf(values, sanitize) {
  const known = Object.entries(values).filter(([, value]) => !["NaN", "null", "undefined"].includes(value));
  const cells = known.map((entry) => entry.map(sanitize));
  return `<table>${cells.map(([key, value]) =>
    `<tr><td class="key">${key}</td><td class="value">${value}</td></tr>`).join("")}</table>`;
}

function drawChart(chart, given) {
  const spec = { width: "container", height: 260, ...given };
  const options = { mode: "vega-lite", renderer: "svg", actions: false, config: config() };
  const theme = dark.matches ? "dark" : "light";
  return vegaEmbed(chart, spec, { ...options, tooltip: { theme, formatTooltip: tooltipOf } });
}

function drawCharts() {
  for (const chart of document.querySelectorAll(".chart")) {
    chart.spec ??= JSON.parse(chart.querySelector("script").textContent);
    drawChart(chart, chart.spec);
  }
}
