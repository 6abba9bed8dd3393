import { formatCount, formatDuration, formatNumber, formatPercent } from "../../data/text/number_format.ts";
import { chart } from "../../train/report/chart.ts";
import { html, raw, type Html } from "../../train/report/html.ts";
import { style } from "../../train/report/style.ts";
import { problemsOf, resultColumns } from "../kernel_table.ts";
import type { BenchReport, KernelReport } from "./schema.ts";
import { stepSections } from "../steps/table.ts";
import { shareChart, variantCharts } from "./bar_charts.ts";
import { rooflineFigure } from "./roofline_figure.ts";

/** The whole page: one file without scripts or external resources. */
export function benchPage(report: BenchReport): string {
  const { adapter, driver, date, command, method, kernels, step } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${adapter}: benchmark</title>
<style>${raw(style)}${raw(OWN_STYLE)}</style>
</head>
<body>
<main>
<header>
<h1>${adapter}</h1>
<p>${[driver, date.replace("T", " ").replace(/\.\d+Z$/u, " UTC"), command].join(" · ")}</p>
</header>
${kernels && kernelSections(kernels)}
${step && step.length > 0 && section("Training steps", html`<div class="card"><pre class="table">${stepSections(step)}</pre></div>`)}
<footer>${method.map((text) => html`<p>${text}</p>`)}</footer>
</main>
</body>
</html>
`;
  return page.source;
}

function kernelSections(kernels: KernelReport): Html {
  const plot = rooflineFigure(kernels);
  const roofline = [plot && chart(plot), shareChart(kernels)].filter((figure) => figure !== null);
  const variants = variantCharts(kernels);
  const problems = problemsOf(kernels.results);
  return html`${headline(kernels)}
${problems.length > 0 && section("Not timed", html`<div class="card"><ul>${problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`)}
${roofline.length > 0 && section("Kernels against the device's own limits", html`<div class="charts">${roofline}</div>`)}
${variants.length > 0 && section("Variants", html`<div class="charts">${variants}</div>`)}
${section("All cases", html`<div class="card">${caseTable(kernels)}</div>`)}`;
}

/** The headline numbers. */
function headline({ roof, results, clock }: KernelReport): Html {
  const shares = results
    .flatMap((result) => (result.status === "timed" ? [result.forward.roofShare] : []))
    .sort((a, b) => a - b);
  const tiles: [string, string, string][] = [
    [`${formatNumber(roof.gigabytesPerSecond)} GB/s`, "copied", "read and written"],
    [
      `${formatNumber(roof.gflopsPerSecond)} GFLOP/s`,
      "multiply-adds in f32",
      roof.halfGflopsPerSecond === null ? "no f16" : `${formatNumber(roof.halfGflopsPerSecond)} in f16`,
    ],
    [
      formatCount(shares.length),
      shares.length === 1 ? "case timed" : "cases timed",
      clock.name === "timestamps" ? "by the device's timestamps" : "by the host's clock",
    ],
  ];
  if (shares.length > 0) tiles.push([formatPercent(shares[shares.length >> 1]!, 0), "of the roof", "the median case"]);
  const first = results.reduce(
    (sum, result) =>
      sum + (result.status === "timed" ? result.forward.firstMs + (result.forwardBackward?.firstMs ?? 0) : 0),
    0,
  );
  if (first > 0) tiles.push([formatDuration(first / 1000), "of first calls", "all cases, with compiling"]);
  return html`<div class="tiles">${tiles.map(([value, label, detail]) => html`<div><b>${value}</b><span>${label}</span><small>${detail}</small></div>`)}</div>`;
}

/** The same table as on the terminal. */
function caseTable({ roof, results }: KernelReport): Html {
  const columns = resultColumns(roof);
  return html`<div class="scroll"><table class="cases">
    <thead><tr>${columns.map(({ title, left }) => html`<th${left ? raw(' class="left"') : ""}>${title}</th>`)}</tr></thead>
    <tbody>${results.map((result) => html`<tr>${columns.map(({ cell, left }) => html`<td${left ? raw(' class="left"') : ""}>${cell(result)}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function section(title: string, content: Html): Html {
  return html`<section><h2>${title}</h2>${content}</section>`;
}

const OWN_STYLE = `
.cases { font-size: 12.5px; } .cases th, .cases td { padding: 4px 8px; } .cases .left { text-align: left; } .cases tbody tr:nth-child(even) { background: var(--background); }
pre.table { columns: auto; white-space: pre; overflow-x: auto; }
footer p { margin: 0 0 8px; }
`;
