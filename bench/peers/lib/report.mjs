// What a run leaves: one JSON with every number, and a Markdown file with the table.
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { CONTESTANTS } from "./contestants.mjs";
import { compare, markdownTable, problems, slug } from "./table.mjs";

/**
 * @typedef {object} Report
 * @property {import("./find_adapter.mjs").Adapter} adapter
 * @property {{ date: string, node: string, command: string, cpu: string, cores: number }} circumstances
 * @property {Record<string, import("./run_contestant.mjs").Run & { quiet: boolean }>} contestants
 * @property {string[]} work
 */

/** The table with what one has to know to read it. @param {Report} report */
export function toMarkdown({ adapter, circumstances, contestants, work }) {
  const { date, node, command, cpu, cores } = circumstances;
  const comparisons = compare(
    Object.fromEntries(Object.entries(contestants).map(([name, run]) => [name, run.work])),
    work,
  );
  const versions = Object.entries(contestants).flatMap(([name, { version }]) =>
    version ? [`${CONTESTANTS[name].label} ${version}`] : [],
  );
  const busy = Object.keys(contestants)
    .filter((name) => !contestants[name].quiet)
    .map((name) => CONTESTANTS[name].label);
  const notes = [
    ...Object.entries(contestants).flatMap(([name, { problem }]) =>
      problem ? [`${CONTESTANTS[name].label}: ${problem}`] : [],
    ),
    ...problems(comparisons).filter((line) => !line.endsWith("the contestant had ended before")),
    ...(busy.length > 0 ? [`While the machine was busy with other work: ${busy.join(", ")}`] : []),
  ];
  return [
    `${adapter.name}, ${adapter.description}; ${cpu}, ${cores} cores; Node ${node}; ${date}; \`${command}\``,
    versions.length > 0 && `${versions.join(", ")}.`,
    "Medians with their relative spread (median absolute deviation); rates are better when higher, µs and ms when lower. " +
      "\"× best peer\" is the fastest peer's time over unfold's. PyTorch on the CPU is no peer: it stands there for scale, " +
      "and for the CTC loss, which no peer has. Targets are meant for lavapipe on two cores. A result that differs from the float64 reference is WRONG and has no time.",
    markdownTable(comparisons),
    notes.map((note) => `- ${note}`).join("\n"),
  ]
    .filter(Boolean)
    .join("\n\n");
}

/**
 * @param {Report} report
 * @param {string} folder is made where it is missing
 * @returns {string[]} the files' paths
 */
export function writeReport(report, folder) {
  mkdirSync(folder, { recursive: true });
  const base = join(folder, `peers-${slug(report.adapter.name)}`);
  const { adapter, circumstances, contestants, work } = report;
  const outcomes = Object.fromEntries(Object.entries(contestants).map(([name, run]) => [name, run.work]));
  const comparisons = compare(outcomes, work).map(({ work, unit, rival, ratio, target, met }) => ({
    work,
    unit,
    rival,
    ratio,
    target,
    met,
  }));
  writeFileSync(
    `${base}.json`,
    `${JSON.stringify({ adapter, ...circumstances, contestants, comparisons }, null, 1)}\n`,
  );
  writeFileSync(`${base}.md`, `${toMarkdown(report)}\n`);
  return [`${base}.json`, `${base}.md`].map((path) => relative(process.cwd(), path));
}
