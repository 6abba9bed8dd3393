// One Markdown table of what run.sh left in a folder: node bench/gpu/table.mjs bench/results/<adapter>
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: table.mjs <folder>");
const text = (name) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : undefined);
const json = (name) => (text(name) === undefined ? undefined : JSON.parse(text(name)));
const lines = (name) => (text(name) ?? "").split("\n").filter((line) => line !== "");

const [tests, kernels, large, step, torch, torchStep] = ["tests", "kernels", "large", "step", "torch_kernels", "torch_step"].map((name) => json(`${name}.json`));
const digits = lines("digits.jsonl").map((line) => JSON.parse(line));

const number = (x, digitsShown = 3) => (x === undefined ? "" : Number(x.toPrecision(digitsShown)).toLocaleString("en"));
const percent = (x) => `${Math.round(100 * x)} %`;
const row = (...cells) => `| ${cells.join(" | ")} |`;
const table = (head, rows) => [row(...head), row(...head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows.map((cells) => row(...cells))];

// Of PyTorch's ways to do the same work, the fastest.
const fastest = (name, pass) => {
  const times = (torch?.results ?? []).filter((result) => result.name === name && result[pass]).map((result) => result[pass].medianMs);
  return times.length > 0 ? Math.min(...times) : undefined;
};
const timed = (name) => large?.results.find((result) => result.name === name && result.problem === undefined);
const peak = Math.max(large?.roof.gflopsPerSecond ?? 0, torch?.machine.f32PeakGflops ?? 0);
const shareOf = ({ bound }, pass) =>
  pass === undefined ? undefined : bound === "memory" ? pass.gigabytesPerSecond / large.copy.gigabytesPerSecond : pass.gflopsPerSecond / peak;

/** A target, the measured value, and whether it is met; undefined: not measured. */
const target = (what, value, least, show) => [what, value === undefined ? "not measured" : show(value), value === undefined ? "" : value >= least ? "yes" : "**no**"];

function targets() {
  const torchRatio = (name, pass) => (timed(name)?.[pass] && fastest(name, pass) ? fastest(name, pass) / timed(name)[pass].medianMs : undefined);
  const eager = torchStep?.steps["eager f32"]?.medianMs;
  const ours = trainedPath()?.timing?.medianMs;
  return [
    ["every kernel variant correct", tests ? `${tests.numPassedTests} tests passed, ${tests.numFailedTests} failed` : "not measured", tests ? (tests.success ? "yes" : "**no**") : ""],
    ["every large case correct", large ? `${large.results.filter(({ problem }) => problem === undefined).length} of ${large.results.length}` : "not measured", large ? (large.results.every(wellDone) ? "yes" : "**no**") : ""],
    ...["layer_norm", "softmax", "adamw", "depthwise_conv"].flatMap((name) =>
      [["forward", ""], ["both", ", with backward"]].filter(([pass]) => pass === "forward" || name !== "adamw").map(([pass, words]) =>
        target(`${name}${words}: 80 % of the copy bandwidth`, timed(name) && shareOf(timed(name), timed(name)[pass]), 0.8, percent))),
    target("matmul f32: 50 % of the f32 peak", timed("matmul f32 NN") && shareOf(timed("matmul f32 NN"), timed("matmul f32 NN").forward), 0.5, percent),
    ...["NN", "NT", "TN"].flatMap((kind) => [["forward", ""], ["both", ", with backward"]].map(([pass, words]) =>
      target(`matmul f16 ${kind}${words}: 50 % of PyTorch's speed`, torchRatio(`matmul f16 ${kind}`, pass), 0.5, percent))),
    target("training step f32: no slower than PyTorch eager", ours && eager ? eager / ours : undefined, 1, (ratio) => `${number(ours)} ms against ${number(eager)} ms, ${number(ratio)} x`),
    ["the two steps are the same", torchStep ? `loss differs by ${torchStep.difference.loss.toExponential(1)}, gradients by ${torchStep.difference.gradient.toExponential(1)}` : "not measured", torchStep ? (Object.keys(torchStep.steps).length > 0 ? "yes" : "**no**") : ""],
  ];
}

/** Variants that do not fit or are wrong show up as texts. */
function wellDone({ problem, variants = {} }) {
  return problem === undefined && Object.values(variants).every((ms) => typeof ms === "number");
}

const largeRows = () =>
  large.results.map((result) => {
    const { name, bound, forward, both, variants = {}, problem } = result;
    if (problem !== undefined) return [name, `WRONG: ${problem}`, "", "", "", "", "", ""];
    const rate = bound === "memory" ? `${number(forward.gigabytesPerSecond)} GB/s` : `${number(forward.gflopsPerSecond / 1000)} TFLOP/s`;
    const best = Object.entries(variants).filter(([, ms]) => typeof ms === "number").sort(([, a], [, b]) => a - b)[0];
    const wrong = Object.entries(variants).filter(([, ms]) => typeof ms !== "number").map(([label, why]) => `${label} WRONG: ${why}`);
    const named = [...(best ? [`${best[0]} ${number(best[1])} ms`] : []), ...wrong].join("; ");
    return [name, number(forward.medianMs), rate, percent(shareOf(result, forward)), number(fastest(name, "forward")), both ? number(both.medianMs) : "", both ? percent(shareOf(result, both)) : "", number(fastest(name, "both")), named];
  });

const stepPaths = () =>
  (step?.step ?? []).flatMap(({ configuration, paths }) => paths.map((path) => ({ configuration, half: configuration.includes("f16"), ...path })));

/** The step in f32 as it is trained: a configuration's last path. PyTorch's is the same. */
const trainedPath = () => stepPaths().filter(({ half }) => !half).at(-1);

function stepRows() {
  const ours = stepPaths().map(({ configuration, path, status, problem, timing, firstMs, framesPerSecond, dispatches, submits, peakBytes }) =>
    status === "timed"
      ? [`unfold ${configuration}, ${path}`, number(timing.medianMs), number(timing.spreadMs), number(timing.encodeMs), number(firstMs), number(framesPerSecond), dispatches, submits, `${number(peakBytes / 2 ** 30)} GiB`]
      : [`unfold ${configuration}, ${path}`, `FAILED: ${problem}`, "", "", "", "", "", "", ""]);
  const theirs = Object.entries(torchStep?.steps ?? {}).map(([how, { medianMs, spreadMs, problem }]) => [`PyTorch ${torchStep.name}, ${how}`, problem ?? number(medianMs), number(spreadMs), "", "", "", "", "", ""]);
  return [...ours, ...theirs];
}

const profileRows = () => (trainedPath()?.kernels ?? []).slice(0, 15).map(({ kernel, share, calls, ms }) => [kernel, percent(share), calls, number(ms)]);

function digitsRows() {
  const seconds = digits.filter(({ type }) => type === "step").at(-1)?.seconds;
  const results = digits.filter(({ type }) => type === "result");
  return results.flatMap(({ set, rows }) => rows.map(({ depth, wer }) => [set, depth, `${number(100 * wer)} %`, seconds === undefined ? "" : `${number(seconds)} s`]));
}

const section = (title, head, rows) => (rows.length > 0 ? ["", `## ${title}`, "", ...table(head, rows)] : []);
const adapter = large?.adapter.name ?? kernels?.adapter ?? json("devices.json")?.picked ?? folder;
const facts = [large && `${large.adapter.description}`, large && `copy ${number(large.copy.gigabytesPerSecond)} GB/s`, peak > 0 && `f32 peak ${number(peak / 1000)} TFLOP/s`, large && `times by ${large.clock.name}`, torch && `PyTorch ${torch.machine.torch} on ${torch.machine.device}`, large?.date.slice(0, 10)];
const output = [
  `# ${adapter}`, "", facts.filter(Boolean).join("; "),
  ...section("Targets", ["target", "reached", "met"], targets()),
  ...section("Beyond the caches (ms; share of the copy bandwidth or of the f32 peak)", ["work", "forward", "rate", "share", "PyTorch", "with backward", "share", "PyTorch", "fastest variant, forward"], large ? largeRows() : []),
  ...section("Training step (ms)", ["", "median", "±", "encoding", "first", "frames/s", "dispatches", "submits", "memory"], stepRows()),
  ...section(`Kernels of ${trainedPath()?.configuration}, ${trainedPath()?.path}`, ["kernel", "share", "calls", "ms"], profileRows()),
  ...section("examples/digits, trained", ["set", "depth", "WER", "training"], digitsRows()),
  ...section("This script", ["step", "exit", "seconds"], lines("steps.tsv").map((line) => line.split("\t")).map(([n, name, status, seconds]) => [`${n} ${name}`, status, seconds])),
];
process.stdout.write(`${output.join("\n")}\n`);
