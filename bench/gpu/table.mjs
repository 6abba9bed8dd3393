// Prints Markdown tables of the results that visit.sh left in a folder: node bench/gpu/table.mjs bench/results/<adapter>
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error("usage: table.mjs <folder>");
const text = (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);
const json = (name) => {
  const content = text(join(folder, `${name}.json`));
  return content === undefined ? undefined : JSON.parse(content);
};
const lines = (name) => (text(join(folder, name)) ?? "").split("\n").filter((line) => line !== "");

const [devices, large, torch, stepF32, stepF16, torchStep, tuned] = [
  "devices",
  "large",
  "torch_kernels",
  "step_f32",
  "step_f16",
  "torch_step",
  "tuned",
].map(json);
const digits = lines("digits.jsonl").map((line) => JSON.parse(line));
const predictions = JSON.parse(text(join(dirname(fileURLToPath(import.meta.url)), "predictions.json")));

const number = (x, digitsShown = 3) => (x === undefined ? "" : Number(x.toPrecision(digitsShown)).toLocaleString("en"));
const difference = (x) => (typeof x === "number" ? x.toExponential(1) : x); // "nan" is a text
const percent = (x) => `${Math.round(100 * x)} %`;
const row = (...cells) =>
  `| ${cells.map((cell) => String(cell).replaceAll("|", "/").replaceAll("\n", " ")).join(" | ")} |`;
const table = (head, rows) => [
  row(...head),
  row(...head.map((_, i) => (i === 0 ? "---" : "--:"))),
  ...rows.map((cells) => row(...cells)),
];

/** The verdict on a precision, over the parts of all its processes; undefined if none has run. */
function verdictOf(precision) {
  const parts = readdirSync(folder)
    .filter((name) => name.startsWith(`verify_${precision}_`) && name.endsWith(".json"))
    .map((name) => JSON.parse(text(join(folder, name))));
  if (parts.length === 0) return undefined;
  const verdicts = parts.flatMap(({ verdicts }) => verdicts);
  const wrong = verdicts.filter(({ difference }) => difference !== undefined);
  return { ...parts[0], verdicts, wrong, planned: parts.reduce((sum, { checks }) => sum + checks, 0) };
}
const verdicts = { f32: verdictOf("f32"), f16: verdictOf("f16") };

function describeVerdict(verdict) {
  if (!verdict) return "not measured";
  if (!verdict.offered) return "the device offers no f16";
  const { verdicts, wrong, planned, halfDoubtful, matrixUnits, precision } = verdict;
  const notes = [
    ...(precision === "f16" && !matrixUnits ? ["no matrix units"] : []),
    ...(halfDoubtful ? ["on a driver whose f16 Dawn does not trust"] : []),
  ];
  return [
    `${verdicts.length - wrong.length} right, ${wrong.length} wrong, ${planned - verdicts.length} not reached`,
    ...notes,
  ].join("; ");
}
const isRight = (verdict) =>
  !verdict?.offered ? "" : verdict.wrong.length === 0 && verdict.verdicts.length === verdict.planned ? "yes" : "**no**";

// The fastest of PyTorch's ways to do the same work.
const fastest = (name, pass) => {
  const times = (torch?.results ?? [])
    .filter((result) => result.name === name && result[pass])
    .map((result) => result[pass].medianMs);
  return times.length > 0 ? Math.min(...times) : undefined;
};
const timed = (name) => large?.results.find((result) => result.name === name && result.problem === undefined);
const peak = Math.max(large?.roof.gflopsPerSecond ?? 0, torch?.machine.f32PeakGflops ?? 0);
const shareOf = ({ bound }, pass) =>
  pass === undefined
    ? undefined
    : bound === "memory"
      ? pass.gigabytesPerSecond / large.copy.gigabytesPerSecond
      : pass.gflopsPerSecond / peak;

/** A target, the measured value (undefined if not measured), and whether it is met. */
const target = (what, value, least, show) => [
  what,
  value === undefined ? "not measured" : show(value),
  value === undefined ? "" : value >= least ? "yes" : "**no**",
];

/** A configuration as it is trained: its last path. PyTorch's step is the same. */
const trainedPath = (step) => step?.paths.filter(({ status }) => status === "timed").at(-1);
const torchMs = (how) => torchStep?.steps[how]?.medianMs;

function targets() {
  const torchRatio = (name, pass) =>
    timed(name)?.[pass] && fastest(name, pass) ? fastest(name, pass) / timed(name)[pass].medianMs : undefined;
  const [eager, ours] = [torchMs("eager f32"), trainedPath(stepF32)?.timing.medianMs];
  return [
    ...["f32", "f16"].map((precision) => [
      `what is computed is right, ${precision}`,
      describeVerdict(verdicts[precision]),
      isRight(verdicts[precision]),
    ]),
    [
      "every large case right",
      large
        ? `${large.results.filter(({ problem }) => problem === undefined).length} of ${large.results.length}`
        : "not measured",
      large ? (large.results.every(wellDone) ? "yes" : "**no**") : "",
    ],
    ...["layer_norm", "softmax", "adamw", "depthwise_conv"].flatMap((name) =>
      [
        ["forward", ""],
        ["both", ", with backward"],
      ]
        .filter(([pass]) => pass === "forward" || name !== "adamw")
        .map(([pass, words]) =>
          target(
            `${name}${words}: 80 % of the copy bandwidth`,
            timed(name) && shareOf(timed(name), timed(name)[pass]),
            0.8,
            percent,
          ),
        ),
    ),
    target(
      "matmul f32: 50 % of the f32 peak",
      timed("matmul f32 NN") && shareOf(timed("matmul f32 NN"), timed("matmul f32 NN").forward),
      0.5,
      percent,
    ),
    ...["NN", "NT", "TN"].flatMap((kind) =>
      [
        ["forward", ""],
        ["both", ", with backward"],
      ].map(([pass, words]) =>
        target(
          `matmul f16 ${kind}${words}: 50 % of PyTorch's speed`,
          torchRatio(`matmul f16 ${kind}`, pass),
          0.5,
          percent,
        ),
      ),
    ),
    target(
      "training step f32: no slower than PyTorch eager",
      ours && eager ? eager / ours : undefined,
      1,
      (ratio) => `${number(ours)} ms against ${number(eager)} ms, ${number(ratio)} x`,
    ),
    [
      "the two steps are the same",
      torchStep
        ? `loss differs by ${difference(torchStep.difference.loss)}, gradients by ${difference(torchStep.difference.gradient)}`
        : "not measured",
      torchStep ? (Object.keys(torchStep.steps).length > 0 ? "yes" : "**no**") : "",
    ],
  ];
}

/** Variants that do not fit or are wrong show up as strings. */
function wellDone({ problem, variants = {} }) {
  return problem === undefined && Object.values(variants).every((ms) => typeof ms === "number");
}

const wrongRows = () =>
  Object.entries(verdicts).flatMap(([precision, verdict]) =>
    (verdict?.wrong ?? []).map(({ name, difference }) => [name, precision, difference]),
  );

/** What was predicted before any GPU had run it, and what was measured. */
function predictionRows() {
  const compared = (low, high, value, show) => [
    `${show(low)} to ${show(high)}`,
    value === undefined ? "not measured" : show(value),
    value === undefined ? "" : value < low ? "less" : value > high ? "more" : "yes",
  ];
  const kernels = predictions.kernels.map(({ kernel, work, pass, half, low, high, limit }) => {
    const result = timed(work);
    const share =
      result?.[pass] &&
      (half ? result[pass].gflopsPerSecond / 1000 / predictions.peakHalfTflops : shareOf(result, result[pass]));
    return [kernel, ...compared(low, high, share, percent), limit];
  });
  const { configuration, f32Ms, f16Ms, timesEagerPytorch, limit } = predictions.step;
  const [f32, f16] = [
    [stepF32, configuration],
    [stepF16, `${configuration}-f16`],
  ].map(([step, name]) => (step?.configuration === name ? trainedPath(step)?.timing.medianMs : undefined));
  const eager = torchMs("eager f32");
  const ms = (value) => `${number(value)} ms`;
  const profile = stepF32?.configuration === configuration ? (trainedPath(stepF32)?.kernels ?? []) : [];
  const ofTheStep = predictions.kernelsOfTheStep.map(({ kernel, labels, lowMs, highMs, limit }) => {
    const measured = profile.filter(({ kernel }) => labels.includes(kernel)).map(({ ms }) => ms);
    return [
      `${kernel}, in a step`,
      ...compared(lowMs, highMs, measured.length > 0 ? measured.reduce((sum, ms) => sum + ms, 0) : undefined, ms),
      limit,
    ];
  });
  return [
    ...kernels,
    ...ofTheStep,
    ["training step f32", ...compared(...f32Ms, f32, ms), limit],
    ["training step f16", ...compared(...f16Ms, f16, ms), ""],
    [
      "training step f32, times PyTorch's eager",
      ...compared(...timesEagerPytorch, f32 && eager ? f32 / eager : undefined, (value) => `${number(value)} x`),
      "",
    ],
  ];
}

const largeRows = () =>
  large.results.map((result) => {
    const { name, bound, forward, both, variants = {}, problem } = result;
    if (problem !== undefined) return [name, `WRONG: ${problem}`, "", "", "", "", "", "", ""];
    const rate =
      bound === "memory"
        ? `${number(forward.gigabytesPerSecond)} GB/s`
        : `${number(forward.gflopsPerSecond / 1000)} TFLOP/s`;
    const best = Object.entries(variants)
      .filter(([, ms]) => typeof ms === "number")
      .sort(([, a], [, b]) => a - b)[0];
    const wrong = Object.entries(variants)
      .filter(([, ms]) => typeof ms !== "number")
      .map(([label, why]) => `${label} WRONG: ${why}`);
    const named = [...(best ? [`${best[0]} ${number(best[1])} ms`] : []), ...wrong].join("; ");
    return [
      name,
      number(forward.medianMs),
      rate,
      percent(shareOf(result, forward)),
      number(fastest(name, "forward")),
      both ? number(both.medianMs) : "",
      both ? percent(shareOf(result, both)) : "",
      number(fastest(name, "both")),
      named,
    ];
  });

function stepRows() {
  const ours = [stepF32, stepF16].flatMap((step) =>
    (step?.paths ?? []).map(
      ({ path, status, problem, timing, firstMs, framesPerSecond, dispatches, submits, peakBytes }) =>
        status === "timed"
          ? [
              `unfold ${step.configuration}, ${path}`,
              number(timing.medianMs),
              number(timing.spreadMs),
              number(timing.encodeMs),
              number(firstMs),
              number(framesPerSecond),
              dispatches,
              submits,
              `${number(peakBytes / 2 ** 30)} GiB`,
            ]
          : [`unfold ${step.configuration}, ${path}`, `FAILED: ${problem}`, "", "", "", "", "", "", ""],
    ),
  );
  const theirs = Object.entries(torchStep?.steps ?? {}).map(([how, { medianMs, spreadMs, problem }]) => [
    `PyTorch ${torchStep.name}, ${how}`,
    problem ?? number(medianMs),
    number(spreadMs),
    "",
    "",
    "",
    "",
    "",
    "",
  ]);
  return [...ours, ...theirs];
}

const profileRows = (step) =>
  (trainedPath(step)?.kernels ?? [])
    .slice(0, 15)
    .map(({ kernel, share, calls, ms }) => [kernel, percent(share), calls, number(ms)]);

function digitsRows() {
  const seconds = digits.filter(({ type }) => type === "step").at(-1)?.seconds;
  const results = digits.filter(({ type }) => type === "result");
  return results.flatMap(({ set, rows }) =>
    rows.map(({ depth, wer }) => [
      set,
      depth,
      `${number(100 * wer)} %`,
      seconds === undefined ? "" : `${number(seconds)} s`,
    ]),
  );
}

const section = (title, head, rows) => (rows.length > 0 ? ["", `## ${title}`, "", ...table(head, rows)] : []);
const adapter = devices?.picked ?? large?.adapter.name ?? folder;
const driver = devices?.adapters.find(({ name }) => name === adapter)?.description;
const facts = [
  driver,
  large && `copy ${number(large.copy.gigabytesPerSecond)} GB/s`,
  peak > 0 && `f32 peak ${number(peak / 1000)} TFLOP/s`,
  large && `times by ${large.clock.name}: ${large.clock.why}`,
  torch && `PyTorch ${torch.machine.torch} on ${torch.machine.device}`,
  tuned && `${Object.values(tuned.operations).flat().length} choices tuned`,
  large?.date.slice(0, 10),
];
const output = [
  `# ${adapter}`,
  "",
  facts.filter(Boolean).join("; "),
  ...section("Targets", ["target", "reached", "met"], targets()),
  ...section("Wrong", ["case", "precision", "difference"], wrongRows()),
  ...section(
    `Predicted for an ${predictions.adapter}, and measured`,
    ["work", "predicted", "measured", "as predicted", "limited by"],
    predictionRows(),
  ),
  ...section(
    "Beyond the caches (ms; share of the copy bandwidth or of the f32 peak)",
    ["work", "forward", "rate", "share", "PyTorch", "with backward", "share", "PyTorch", "fastest variant, forward"],
    large ? largeRows() : [],
  ),
  ...section(
    "Training step (ms)",
    ["", "median", "±", "encoding", "first", "frames/s", "dispatches", "submits", "memory"],
    stepRows(),
  ),
  ...[stepF32, stepF16].flatMap((step) =>
    section(
      `Kernels of ${step?.configuration}, ${trainedPath(step)?.path}`,
      ["kernel", "share", "calls", "ms"],
      profileRows(step),
    ),
  ),
  ...section("examples/digits, trained", ["set", "depth", "WER", "training"], digitsRows()),
  ...section(
    "Steps of the visits",
    ["step", "exit", "seconds"],
    lines("steps.tsv")
      .map((line) => line.split("\t"))
      .map(([visit, name, status, seconds]) => [`${visit} ${name}`, status, seconds]),
  ),
];
process.stdout.write(`${output.join("\n")}\n`);
