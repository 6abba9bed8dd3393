import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { heatImage } from "./heat_image.ts";
import { fences } from "./markdown.ts";
import { ofSources } from "./snippets.ts";

/** What the tutorial's program has computed, by the names it uses. */
interface Values {
  readonly samples: Float32Array;
  readonly features: { readonly frames: number; readonly bins: number; readonly values: Float32Array };
  readonly schedules: readonly (readonly number[])[];
  /** `[frames, channels]` before the first block and after each application on the first schedule. */
  readonly seen: readonly Float32Array[];
  /** `[frames, classes]` of each schedule. */
  readonly logProbs: readonly Float32Array[];
  readonly units: { readonly size: number; readonly characters: readonly string[] };
  readonly gradients: ReadonlyMap<string, { readonly values: Float32Array }>;
}

const NAMES = ["samples", "features", "schedules", "seen", "logProbs", "units", "gradients"];
const [WIDTH, LEFT] = [760, 64];

/** The tutorial's pictures, by name: runs its program and draws its values. */
export async function tutorialPictures(page: string): Promise<Record<string, string>> {
  const blocks = fences(page).filter(({ info }) => info.includes("run"));
  const program = `${blocks.map(({ body }) => ofSources(body)).join("\n")}\nexport { ${NAMES.join(", ")} };\n`;
  const folder = mkdtempSync(join(tmpdir(), "unfold-pictures-"));
  const { log } = console;
  try {
    writeFileSync(join(folder, "program.ts"), program);
    console.log = () => undefined;
    const values = (await import(pathToFileURL(join(folder, "program.ts")).href)) as Values;
    return {
      samples: waveform(values),
      features: logMel(values),
      states: statePanels(values),
      posteriors: posteriors(values),
      gradients: gradientBars(values),
    };
  } finally {
    console.log = log;
    rmSync(folder, { recursive: true });
  }
}

function waveform({ samples }: Values): string {
  const [top, height, columns] = [10, 120, WIDTH - LEFT - 10];
  const y = (value: number): string => (top + (height / 2) * (1 - value)).toFixed(1);
  const path = Array.from({ length: columns }, (_, i) => {
    const [from, to] = [i, i + 1].map((n) => Math.floor((n * samples.length) / columns)) as [number, number];
    const part = samples.subarray(from, to);
    return `M${LEFT + i} ${y(Math.max(...part))}V${y(Math.min(...part))}`;
  }).join("");
  const labels = [-1, 0, 1].map((value) => text(LEFT - 6, Number(y(value)) + 4, String(value), "end"));
  return svg("Waveform", top + height + 40, [
    `<path d="${path}" stroke="#3b6fb5"/>`,
    ...labels,
    ...timeAxis(top + height, samples.length / 8000),
  ]);
}

function logMel({ features: { frames, bins, values } }: Values): string {
  const [top, height] = [10, 160];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const uri = heatImage(frames, bins, (row, col) => (values[col * bins + bins - 1 - row]! - low) / (high - low));
  const labels = [0, 10, 20, 30, 39].map((bin) =>
    text(LEFT - 6, top + (height * (bins - bin - 0.5)) / bins + 4, `bin ${bin}`, "end"),
  );
  return svg("Log-mel features", top + height + 40, [
    image(uri, top, height),
    ...labels,
    ...timeAxis(top + height, frames / 100),
  ]);
}

/** A small panel for each state, time to the right and channels upwards; each as bright as its own largest value. */
function statePanels({ seen, schedules }: Values): string {
  const channels = 64;
  const [width, height, gap, top] = [98, 128, 10, 24];
  const panels = seen.flatMap((values, i) => {
    const most = Math.max(...values.map(Math.abs));
    const frames = values.length / channels;
    const uri = heatImage(
      frames,
      channels,
      (row, col) => Math.abs(values[col * channels + channels - 1 - row]!) / most,
    );
    const x = 4 + i * (width + gap);
    return [
      text(x + width / 2, top - 8, i === 0 ? "subsampled" : `block ${schedules[0]![i - 1]}`, "middle"),
      image(uri, top, height, x, width),
    ];
  });
  return svg("States", top + height + 8, panels);
}

/** One panel for each depth, the shallowest on top; a row for each class, the blank at the bottom. */
function posteriors({ schedules, logProbs, units }: Values): string {
  const [height, gap] = [180, 26];
  const panels = [...schedules.keys()].reverse().flatMap((path, place) => {
    const top = 22 + place * (height + gap);
    const { size } = units;
    const values = logProbs[path]!;
    const uri = heatImage(values.length / size, size, (row, col) => Math.exp(values[col * size + size - 1 - row]!));
    const names = ["blank", ...units.characters].map((name, row) =>
      text(LEFT - 6, top + (height * (size - row - 0.5)) / size + 3, name === " " ? "space" : name, "end", 9),
    );
    return [
      text(LEFT, top - 6, `depth ${schedules[path]!.length}: blocks ${schedules[path]!.join(" ")}`, "start", 12),
      image(uri, top, height),
      ...names,
    ];
  });
  const bottom = 22 + schedules.length * (height + gap) - gap;
  return svg("Posteriors", bottom + 40, [...panels, ...timeAxis(bottom, logProbs[0]!.length / units.size / 25)]);
}

function gradientBars({ gradients }: Values): string {
  const norms = [...gradients].map(([name, { values }]) => ({ name, norm: Math.hypot(...values) }));
  const [top, height] = [10, 150];
  const [lowest, highest] = [-3, 2]; // powers of ten
  const y = (norm: number): number =>
    top + height * (1 - Math.max(0, (Math.log10(norm) - lowest) / (highest - lowest)));
  const step = (WIDTH - LEFT - 10) / norms.length;
  const bars = norms.map(({ name, norm }, i) => {
    const x = (LEFT + i * step).toFixed(1);
    return `<rect x="${x}" y="${y(norm).toFixed(1)}" width="${(step - 1).toFixed(1)}" height="${(top + height - y(norm)).toFixed(1)}" fill="#3b6fb5"><title>${name}: ${norm.toPrecision(3)}</title></rect>`;
  });
  const groups = [
    ["encoder.embed", "subsampling"],
    ["encoder.encoders.0", "block 0"],
    ["encoder.encoders.1", "block 1"],
    ["ctc_lo", "head"],
  ].map(([prefix, label]) => {
    const places = norms.flatMap(({ name }, i) => (name.startsWith(prefix!) ? [i] : []));
    return text(LEFT + (places[0]! + places.length / 2) * step, top + height + 16, label!, "middle");
  });
  const labels = [-3, -2, -1, 0, 1, 2].map((power) => text(LEFT - 6, y(10 ** power) + 4, String(10 ** power), "end"));
  return svg("Gradient norms", top + height + 26, [...bars, ...groups, ...labels]);
}

const image = (uri: string, top: number, height: number, left = LEFT, width = WIDTH - LEFT - 10): string =>
  `<image href="${uri}" x="${left}" y="${top}" width="${width}" height="${height}" preserveAspectRatio="none" style="image-rendering:pixelated"/>`;

const text = (x: number, y: number, words: string, anchor: string, size = 11): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}">${words}</text>`;

/** Below a panel that shows `duration` seconds. */
function timeAxis(top: number, duration: number): string[] {
  const x = (seconds: number): number => LEFT + ((WIDTH - LEFT - 10) * seconds) / duration;
  return [0, 0.5, 1, 1.5].flatMap((seconds) => [
    `<path d="M${x(seconds).toFixed(1)} ${top + 2}v4" stroke="#555"/>`,
    text(x(seconds), top + 18, `${seconds} s`, "middle"),
  ]);
}

const svg = (label: string, height: number, parts: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" fill="#333" role="img" aria-label="${label}">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...parts,
    "</svg>",
  ].join("\n");
