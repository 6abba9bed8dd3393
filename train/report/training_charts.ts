import * as Plot from "@observablehq/plot";
import type { StepRecord } from "../log/log_records.ts";
import type { PerDepth } from "../../checkpoint/state.ts";
import { formatNumber, formatPercent } from "../../data/text/number_format.ts";
import { chart, countTick, curves, scaleFor, type Point } from "./chart.ts";
import type { ChartOptions, Series } from "./plot_options.ts";
import { thinSteps, type History } from "./history.ts";
import type { Html } from "./html.ts";

/** More points than this make no curve sharper on a screen. */
const MOST_POINTS = 400;

const PLAIN: Series[] = [{ name: "all", color: "var(--accent)" }];

/** Warm colours for shallow paths, cool ones for deep paths: depth is ordered, and so are its colours. */
export function depthSeries(depths: readonly number[]): Series[] {
  return depths.map((depth, i) => ({
    name: `depth ${depth}`,
    color: depthColor(depths.length === 1 ? 1 : i / (depths.length - 1)),
  }));
}

function depthColor(position: number): string {
  return position === 1
    ? "var(--deep)"
    : position === 0
      ? "var(--shallow)"
      : `color-mix(in oklch, var(--deep) ${Math.round(100 * position)}%, var(--shallow))`;
}

/** How training went: losses, what the optimizer did, speed. */
export function trainingCharts(history: History): Html[] {
  const steps = thinSteps(history.steps, MOST_POINTS);
  if (steps.length < 2) return [];
  const byStep = (pick: (record: StepRecord) => number): Point[] =>
    steps.map((record) => ({ x: record.step, y: pick(record), series: "all" }));
  const single = (title: string, note: string, pick: (record: StepRecord) => number, y?: Plot.ScaleOptions): Html => {
    const points = byStep(pick);
    return stepChart({ title, note, series: PLAIN, marks: curves(points), y: y ?? scaleFor(points) });
  };

  const rates = [
    Plot.lineY(
      byStep(({ learningRate }) => learningRate),
      { x: "x", y: "y", z: "series", stroke: "series", strokeWidth: 1.8 },
    ),
  ];
  const losses = (title: string, note: string, pick: (record: StepRecord) => PerDepth): Html => {
    const points = perDepthPoints(steps, pick);
    const trained = depthSeries(history.depths).filter(({ name }) => points.some(({ series }) => series === name));
    return stepChart({ title, note, series: trained, marks: curves(points), y: scaleFor(points) });
  };
  const hasDecoder = steps.some(({ attention }) => attention);
  return [
    losses("CTC loss", "on the training set, per utterance", ({ ctc }) => ctc),
    ...(hasDecoder
      ? [
          losses(
            "Attention loss",
            "the decoder's, on the training set, per utterance",
            ({ attention }) => attention ?? {},
          ),
        ]
      : []),
    single("Joint loss", "what is minimised", ({ loss }) => loss),
    single("KL divergence", "between the posteriors of the deep path and the seed", ({ kl }) => kl, { zero: true }),
    single("Gradient norm", "before clipping", ({ gradNorm }) => gradNorm),
    stepChart({
      title: "Learning rate",
      series: PLAIN,
      marks: rates,
      y: { zero: true, tickFormat: (value: number) => (value === 0 ? "0" : value.toExponential()) },
    }),
    single(
      "Speed",
      "input frames per second (samples for waveforms), without padding",
      ({ framesPerSecond }) => framesPerSecond,
      { zero: true, tickFormat: countTick },
    ),
  ];
}

/**
 * CTC loss of the deepest path, on the training set and on dev: where dev's rises while the other falls, the model
 * overfits.
 */
export function lossChart({ steps, devs, depths }: History): Html | null {
  const deepest = depths.findLast(
    (depth) => steps.some(({ ctc }) => depth in ctc) && devs.some(({ loss }) => loss && depth in loss),
  );
  if (deepest === undefined) return null;
  const pointsOf = (series: string, records: readonly { step: number; values: PerDepth | undefined }[]): Point[] =>
    records
      .map(({ step, values }) => ({ x: step, y: values?.[deepest] ?? NaN, series }))
      .filter(({ y }) => Number.isFinite(y));
  const train = pointsOf(
    "train",
    thinSteps(steps, MOST_POINTS).map(({ step, ctc }) => ({ step, values: ctc })),
  );
  const dev = pointsOf(
    "dev",
    devs.map(({ step, loss }) => ({ step, values: loss })),
  );
  return stepChart({
    title: "CTC loss on train and dev",
    note: `at depth ${deepest}, per utterance; dev without dropout and augmentation`,
    wide: true,
    series: [
      { name: "train", color: "var(--accent)" },
      { name: "dev", color: "var(--shallow)" },
    ],
    marks: [
      ...curves(train),
      ...curves(dev),
      Plot.dot(dev, {
        x: "x",
        y: "y",
        fill: "series",
        r: 2.2,
        title: ({ x, y }: Point) => `dev, step ${x}: ${formatNumber(y)}`,
      }),
    ],
    y: scaleFor([...train, ...dev]),
  });
}

/** Word error rate on dev over the steps. */
export function devChart({ devs, depths }: History): Html | null {
  return rateChart(
    perDepthPoints(devs, ({ wer }) => wer),
    depths,
    "Word error rate on dev",
    "during training",
  );
}

/** Share of blank frames on dev over the steps. */
export function blankChart({ devs, depths }: History): Html | null {
  const perDepth = devs.flatMap(({ blankRatio, ...dev }) =>
    typeof blankRatio === "number"
      ? { ...dev, blankRatio: { [depths.at(-1) as number]: blankRatio } }
      : { ...dev, blankRatio },
  );
  return rateChart(
    perDepthPoints(perDepth, ({ blankRatio }) => blankRatio),
    depths,
    "Blank ratio on dev",
    "frames whose most probable class is the blank; a model that stays near 100 % has collapsed",
  );
}

function rateChart(points: readonly Point[], depths: readonly number[], title: string, note: string): Html | null {
  if (points.length === 0) return null;
  const series = depthSeries(depths).filter(({ name }) => points.some((point) => point.series === name));
  return stepChart({
    title,
    note,
    wide: true,
    series,
    marks: [
      Plot.lineY(points, { x: "x", y: "y", z: "series", stroke: "series", strokeWidth: 1.8, strokeLinejoin: "round" }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        fill: "series",
        r: 2.2,
        title: (point: Point) => `${point.series}, step ${point.x}: ${formatPercent(point.y, 2)}`,
      }),
    ],
    y: { zero: true, percent: true, tickFormat: (value: number) => `${value} %` },
  });
}

function stepChart(options: Omit<ChartOptions, "x">): Html {
  return chart({ ...options, x: { label: "step", tickFormat: countTick, ticks: options.wide ? 10 : 6, zero: true } });
}

function perDepthPoints<R extends { step: number }>(records: readonly R[], pick: (record: R) => PerDepth): Point[] {
  return records.flatMap((record) =>
    Object.entries(pick(record)).map(([depth, y]) => ({ x: record.step, y, series: `depth ${depth}` })),
  );
}
