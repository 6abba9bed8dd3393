import type { Exchanges, Result } from "./result.ts";

/** What a rank sends of so many MiB either way, what it takes, and the rate of a link that makes up for the difference. */
function halvesRow(ranks: number, { megabytes, allReduceMs, halvesMs }: Exchanges["sizes"][number]): string {
  const sent = ((2 * (ranks - 1)) / ranks) * megabytes;
  const gigabits = (8 * (sent / 2) * 2 ** 20) / ((halvesMs - allReduceMs) / 1000) / 1e9;
  const pays = halvesMs > allReduceMs ? `${gigabits.toFixed(1)} Gbit/s` : "always";
  return `${sent.toFixed(2)} MiB | ${(sent / 2).toFixed(2)} MiB | ${allReduceMs.toFixed(1)} | ${halvesMs.toFixed(1)} | ${pays}`;
}

/** The results as Markdown, with what follows from them and what does not. */
export function report({ date, cores, load, steps, exchanges, predictions }: Result): string {
  const one = steps[0]!;
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const links = [...new Set(predictions.map(({ gigabitsPerSecond }) => gigabitsPerSecond))];
  const groups = [...new Set(predictions.map(({ model, stepSeconds }) => JSON.stringify([model, stepSeconds])))];
  const at = (group: string, gigabits: number, ranks: number): string => {
    const found = predictions.find(
      (one) =>
        JSON.stringify([one.model, one.stepSeconds]) === group &&
        one.gigabitsPerSecond === gigabits &&
        one.ranks === ranks,
    );
    return percent(found?.efficiency ?? NaN);
  };
  return `# Several ranks: what was measured, and what a model says

By \`node --import ./scripts/typescript_loader.mjs bench/ranks/run.ts\` on ${date}: ${cores} cores, one software driver, load ${load.map((x) => x.toFixed(1)).join(" before and ")} after
(${cores} would be all cores busy). ${(load[0] ?? 0) > 1 ? "**The machine was busy with other work: times are too long and uneven, and more processes get more of the cores, which looks like speed.**" : ""}

## Steps

A Conformer of 96 channels and 4 blocks, batches of 8 utterances of two seconds, the same whole batch for any number of ranks.

| ranks | fastest step | median step | against one rank (fastest) | share of exchanges | waiting for the slowest |
|--:|--:|--:|--:|--:|--:|
${steps.map((s) => `| ${s.ranks} | ${s.leastMs.toFixed(0)} ms | ${s.medianMs.toFixed(0)} ms | ${(one.leastMs / s.leastMs).toFixed(2)}x | ${percent(s.communication)} | ${percent(s.waiting)} |`).join("\n")}

What can be concluded: the machinery works with 1, 2 and 4 processes, and an exchange's own cost is a small part of a step of this size. What cannot: how steps speed
up. A software driver already uses all ${cores} cores for one rank, so ranks only share them; what looks like a speedup is a larger share of a busy
machine's time, and work on the host that one process does alone. The waiting is the scheduler's, not a network's.

## All-reduce by size, beside a memory copy

Least of nine turns, through shared memory, milliseconds.

| | ${exchanges.map(({ ranks }) => `${ranks} ranks`).join(" | ")} | copy |
|--:|${exchanges.map(() => "--:").join("|")}|--:|
${exchanges[0]!.sizes.map(({ megabytes, copyMs }, i) => `| ${megabytes} MiB | ${exchanges.map(({ sizes }) => sizes[i]!.allReduceMs.toFixed(2)).join(" | ")} | ${copyMs.toFixed(2)} |`).join("\n")}

## Gradients as halves, by size

The same sums with \`parallel.gradients: f16\`, milliseconds. Either way a rank sends and receives 2(n-1)/n of the bytes: of four for each value, or of two. What halves
cost is their making and reading on the host, which shared memory does not repay; the last column is the rate of a link below which they do, by the fewer bytes alone.

| f32 bytes | ${exchanges.map(({ ranks }) => `${ranks} ranks: sent as f32 | as f16 | time as f32 | as f16 | pays below`).join(" | ")} |
|--:|${exchanges.map(() => "--:|--:|--:|--:|--:|").join("")}
${exchanges[0]!.sizes.map(({ megabytes }, i) => `| ${megabytes} MiB | ${exchanges.map(({ ranks, sizes }) => halvesRow(ranks, sizes[i]!)).join(" | ")} |`).join("\n")}

## A model of larger clusters

Nothing here is measured. Assumed: one rank a machine (or a link of its own for each); a ring all-reduce, 2(n-1)/n of the gradients' bytes over the link at its full rate and
2(n-1) latencies of 20 µs; gradients of f32 to the host and back at 10 GB/s; no overlap with the backward pass; ranks that are never uneven; a share of the batch a
rank that stays the same. A GPU's step is not known, so 0.1, 0.3 and 1 s. Efficiency: the speed of n ranks over n times that of one. What happens in
practice is lower, by links that do not reach their rate and by uneven ranks.

| model | step | ${links.map((link) => `${link} Gbit/s: 2 ranks`).join(" | ")} | ${links.map((link) => `${link} Gbit/s: 8 ranks`).join(" | ")} | ${links.map((link) => `${link} Gbit/s: 64 ranks`).join(" | ")} |
|---|--:|${links
    .map(() => "--:|")
    .join("")
    .repeat(3)}
${groups
  .map((group) => {
    const [model, step] = JSON.parse(group) as [string, number];
    return `| ${model} | ${step} s | ${[2, 8, 64].map((n) => links.map((link) => at(group, link, n)).join(" | ")).join(" | ")} |`;
  })
  .join("\n")}

![Efficiency over the number of ranks](ranks.svg)
`;
}
