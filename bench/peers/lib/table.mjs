// From measurements to a table. Nothing here measures, reads or writes.
import { CONTESTANTS } from "./contestants.mjs";
import { TARGETS } from "./targets.mjs";
import { inUnit, WORK } from "./work.mjs";

/**
 * @typedef {object} Timed
 * @property {"timed"} status
 * @property {number} medianMs
 * @property {number} spreadMs  median absolute deviation of the samples
 *
 * @typedef {Timed | { status: "wrong" | "failed", problem: string } | { status: "not offered" }} Outcome
 *
 * @typedef {object} Comparison  one piece of work
 * @property {string} work
 * @property {string} title
 * @property {string} unit
 * @property {Record<string, Outcome | undefined>} outcomes  by contestant
 * @property {string | undefined} rival  the fastest right peer; where no peer does this work, PyTorch on the CPU
 * @property {number | undefined} ratio  the rival's time over unfold's: above 1, unfold is faster
 * @property {import("./targets.mjs").Target} target
 * @property {boolean | undefined} met   undefined where there is no target, or nothing to compare with
 */

/**
 * @param {Record<string, Record<string, Outcome>>} outcomes by contestant, then by work
 * @param {string[]} work
 * @returns {Comparison[]}
 */
export function compare(outcomes, work = Object.keys(WORK)) {
  return work.map((name) => {
    const ofWork = Object.fromEntries(
      Object.keys(outcomes).map((contestant) => [contestant, outcomes[contestant][name]]),
    );
    const timed = Object.keys(ofWork).filter(
      (contestant) => contestant !== "unfold" && ofWork[contestant]?.status === "timed",
    );
    const peers = timed.filter((contestant) => CONTESTANTS[contestant].peer);
    const rivals = peers.length > 0 ? peers : timed;
    const rival = rivals.sort((a, b) => ofWork[a].medianMs - ofWork[b].medianMs)[0];
    const own = ofWork.unfold?.status === "timed" ? ofWork.unfold.medianMs : undefined;
    const ratio = own !== undefined && rival !== undefined ? ofWork[rival].medianMs / own : undefined;
    const target = TARGETS[name] ?? {};
    return {
      work: name,
      title: WORK[name].title,
      unit: inUnit(WORK[name], 1).unit,
      outcomes: ofWork,
      rival,
      ratio,
      target,
      met: isMet(name, target, own, ratio),
    };
  });
}

/** Whether every part of a target is reached; unfold without a right result has missed it. */
function isMet(name, { ratio, rate, micros }, ownMs, ratioReached) {
  if (ratio === undefined && rate === undefined && micros === undefined) return undefined;
  if (ownMs === undefined) return false;
  const { value } = inUnit(WORK[name], ownMs);
  if (rate !== undefined && value < rate) return false;
  if (micros !== undefined && value >= micros) return false;
  if (ratio === undefined) return true;
  return ratioReached === undefined ? undefined : ratioReached >= ratio;
}

/**
 * A Markdown table: one line a piece of work, one column a contestant.
 * @param {Comparison[]} comparisons
 */
export function markdownTable(comparisons) {
  const contestants = Object.keys(comparisons[0]?.outcomes ?? {});
  const head = ["work", "unit", ...contestants.map((name) => CONTESTANTS[name].label), "× best peer", "target", "met"];
  const rows = comparisons.map(({ work, title, unit, outcomes, rival, ratio, target, met }) => [
    title,
    unit,
    ...contestants.map((contestant) => cell(work, outcomes[contestant])),
    ratio === undefined ? "-" : `${number(ratio)} (${CONTESTANTS[rival].label})`,
    targetText(target),
    met === undefined ? "-" : met ? "yes" : "no",
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column].length)));
  const line = (cells) =>
    `| ${cells.map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => (column === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** A value with its relative spread. A wrong result has no time. @param {string} work @param {Outcome | undefined} outcome */
function cell(work, outcome) {
  if (outcome?.status === "wrong") return "WRONG";
  if (outcome?.status === "failed") return "FAILED";
  if (outcome?.status !== "timed") return "-";
  return `${number(inUnit(WORK[work], outcome.medianMs).value)} ±${Math.round((100 * outcome.spreadMs) / outcome.medianMs)}%`;
}

/** @param {import("./targets.mjs").Target} target */
function targetText({ ratio, rate, micros }) {
  const parts = [ratio && `${ratio} ×`, rate && `${rate} GFLOP/s`, micros && `< ${micros} µs`].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "-";
}

/** Three digits. @param {number} x */
const number = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

/** What did not work, one line each: [contestant's label, work's title, problem]. @param {Comparison[]} comparisons */
export function problems(comparisons) {
  return comparisons.flatMap(({ title, outcomes }) =>
    Object.entries(outcomes).flatMap(([contestant, outcome]) =>
      outcome?.status === "wrong" || outcome?.status === "failed"
        ? [`${CONTESTANTS[contestant].label}, ${title}: ${outcome.status.toUpperCase()}, ${outcome.problem}`]
        : [],
    ),
  );
}

/** "llvmpipe (LLVM 15.0.6, 256 bits)" -> "llvmpipe-llvm-15-0-6-256-bits". @param {string} name */
export const slug = (name) =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
