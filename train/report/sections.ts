import type { AlignmentStep } from "../../recognition/evaluation/error_rate.ts";
import type { AverageRecord, ResultRecord } from "../log/log_records.ts";
import { formatCompact, formatCount, formatDuration, formatPercent } from "../../data/text/number_format.ts";
import { resultColumns } from "../log/table.ts";
import { LONGEST_CLIP, type Clip, type ExampleWithAudio } from "./clips.ts";
import type { History } from "./history.ts";
import { html, type Html } from "./html.ts";

/** The headline numbers. */
export function headline({ start, steps, devs, results, depths }: History): Html {
  const deepest = depths.at(-1);
  const bestDev = Math.min(...devs.map(({ wer }) => wer[String(deepest)] ?? NaN).filter(Number.isFinite));
  const tiles: [string, string, string][] = results.slice(0, 3).flatMap(({ set, rows }) => {
    const row = rows.at(-1);
    return row ? [[formatPercent(row.wer, 2), `WER on ${set}`, `depth ${row.depth}`] as [string, string, string]] : [];
  });
  if (Number.isFinite(bestDev)) tiles.push([formatPercent(bestDev, 2), "best WER on dev", `depth ${deepest}`]);
  if (start)
    tiles.push([
      formatCompact(start.parameters.whole),
      "parameters",
      `${formatCompact(start.parameters.encoder)} in the encoder${start.parameters.decoder ? `, ${formatCompact(start.parameters.decoder)} in the decoder` : ""}`,
    ]);
  const last = steps.at(-1);
  if (last)
    tiles.push([
      formatDuration(last.seconds),
      "of training",
      `${formatCount(last.step)} steps, ${last.epoch + 1} epochs`,
    ]);
  return html`<div class="tiles">${tiles.map(([value, label, detail]) => html`<div><b>${value}</b><span>${label}</span><small>${detail}</small></div>`)}</div>`;
}

/** The same table as on the terminal. */
export function resultsSection(results: readonly ResultRecord[], average: AverageRecord | null): Html {
  const columns = resultColumns(results);
  const body = results.map(
    ({ set, rows }) =>
      html`<tbody>
        ${rows.map((row, i) => html`<tr>${i === 0 && html`<th rowspan="${rows.length}" scope="rowgroup">${set}</th>`}${columns.map(({ cell }) => html`<td>${cell(row)}</td>`)}</tr>`)}
      </tbody>`,
  );
  return html`<div class="scroll"><table>
    <thead><tr><th>set</th>${columns.map(({ title }) => html`<th>${title}</th>`)}</tr></thead>
    ${body}
  </table></div>${average && averageNote(average)}`;
}

function averageNote({ of, steps, wer, bestWer, tested }: AverageRecord): Html {
  const deepest = Math.max(...Object.keys(wer).map(Number));
  const rates = `${formatPercent(wer[String(deepest)] ?? NaN, 2)} and ${formatPercent(bestWer, 2)}`;
  return html`<p class="note">On dev, the average of the ${steps.length} ${of} checkpoints and the best one have a WER of ${rates} at depth ${deepest}. Tested: the ${tested === "average" ? "average" : "best one"}.</p>`;
}

export function examplesSection(sets: readonly { set: string; examples: readonly ExampleWithAudio[] }[]): Html {
  return html`<p class="note">The utterances with the most errors, all depths together.
    <span class="word substitution"><del>said</del> recognised instead</span> <span class="word deletion"><del>left out</del></span> <span class="word insertion">added</span></p>
    ${sets.map(({ set, examples }) => html`<h3>${set}</h3>${examples.length === 0 ? html`<p>No errors at any depth.</p>` : examples.map(exampleRow)}`)}`;
}

function exampleRow({ id, reference, byDepth, clip }: ExampleWithAudio): Html {
  return html`<div class="example">
    <div class="heard"><code>${id}</code>${clip && player(clip)}</div>
    <dl>
      <dt>reference</dt><dd>${reference.join(" ")}</dd>
      ${byDepth.map(({ depth, alignment }) => html`<dt>depth ${depth}</dt><dd>${alignment.map((step) => html`${word(step)} `)}</dd>`)}
    </dl>
  </div>`;
}

function player({ source, seconds }: Clip): Html {
  return html`<small>${seconds > LONGEST_CLIP && `the first ${LONGEST_CLIP} of `}${seconds.toFixed(1)} s</small><audio controls preload="none" src="${source}"></audio>`;
}

function word({ op, ref, hyp }: AlignmentStep): Html {
  if (op === "correct") return html`${hyp}`;
  return html`<span class="word ${op}">${ref !== null && html`<del>${ref}</del>`}${op === "substitution" && " "}${hyp ?? ""}</span>`;
}

export function warningsSection(warnings: ReadonlyMap<string, number>): Html {
  return html`<ul>${[...warnings].map(([message, times]) => html`<li>${message}${times > 1 && ` (${times} times)`}</li>`)}</ul>`;
}
