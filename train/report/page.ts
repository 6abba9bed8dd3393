import { stringify } from "yaml";
import { UserError } from "../../engine/errors.ts";
import { restoreConfig } from "../../config/config.ts";
import { configToYaml } from "../../config/yaml.ts";
import type { ExampleWithAudio } from "./clips.ts";
import type { History } from "./history.ts";
import { html, raw, type Html } from "./html.ts";
import { memoryChart } from "./memory_chart.ts";
import { depthChart, parameterChart } from "./result_charts.ts";
import { examplesSection, headline, resultsSection, warningsSection } from "./sections.ts";
import { style } from "./style.ts";
import { blankChart, devChart, lossChart, trainingCharts } from "./training_charts.ts";

/** The whole page: one file without scripts or external resources. */
export function reportPage(
  name: string,
  history: History,
  examples: readonly { set: string; examples: readonly ExampleWithAudio[] }[],
): string {
  const { start, plan, began, parts, results, average, warnings, end } = history;
  const status = end === null ? "still running, or killed" : end;
  const wordErrors = [devChart(history), ...(results.length > 0 ? [depthChart(results), parameterChart(results)] : [])];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name}: training report</title>
<style>${raw(style)}</style>
</head>
<body>
<main>
<header>
<h1>${name}</h1>
<p>${[began?.replace("T", " ").replace(/(:\d\d)\.\d+Z?$|Z$/u, "$1 UTC"), start?.adapter, parts > 1 ? `resumed ${parts - 1} times` : null, status].filter(Boolean).join(" · ")}</p>
</header>
${headline(history)}
${results.length > 0 && section("Results", html`<div class="card">${resultsSection(results, average)}</div>`)}
${wordErrors.some(Boolean) && section("Word errors", html`<div class="charts">${wordErrors}</div>`)}
${section("Training", charts([lossChart(history), ...trainingCharts(history), blankChart(history)].filter((figure) => figure !== null)))}
${plan && section("Memory", html`<div class="charts">${memoryChart(plan)}</div>`)}
${examples.length > 0 && section("Examples", examplesSection(examples))}
${warnings.size > 0 && section("Warnings", html`<div class="card">${warningsSection(warnings)}</div>`)}
${start && section("Config", html`<div class="card"><pre>${configText(start.config)}</pre></div>`)}
<footer>Rates are errors divided by words (WER) or characters (CER) of the reference. Real-time factor: seconds of decoding for a second of sound.</footer>
</main>
</body>
</html>
`;
  return page.source;
}

function section(title: string, content: Html): Html {
  return html`<section><h2>${title}</h2>${content}</section>`;
}

function charts(figures: readonly Html[]): Html {
  return figures.length > 0
    ? html`<div class="charts">${figures}</div>`
    : html`<p class="note">Too few steps for curves.</p>`;
}

/** Without this machine's folders, unless the config's version is no longer valid. */
function configText(plain: Record<string, unknown>): string {
  try {
    return configToYaml(restoreConfig(plain, "the log"));
  } catch (error) {
    if (error instanceof UserError) return stringify(plain);
    throw error;
  }
}
