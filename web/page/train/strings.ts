// The strings that come with the page, fetched when training first starts.
import type { SpokenString, SpokenStrings } from "../../worker/train/protocol.ts";

/** A line of their manifests: a piece of the recording, in seconds. */
interface Line {
  readonly id: string;
  readonly text: string;
  readonly offset: number;
  readonly duration: number;
}

/** Of the recording, in Hz. */
const RATE = 8000;

/** What is fetched. */
export interface ShippedTraining {
  /** As `plainConfig` writes it. */
  readonly config: unknown;
  readonly train: readonly Line[];
  readonly dev: readonly Line[];
  /** All strings, one after another. */
  readonly recording: ArrayBuffer;
}

const fetched = async (name: string): Promise<Response> => {
  const response = await fetch(`./train/${name}`).catch(() => undefined);
  if (!response?.ok) throw new Error(`the page's own file train/${name} did not arrive`);
  return response;
};

const lines = async (name: string): Promise<Line[]> =>
  (await (await fetched(name)).text())
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

/** @throws Error in a sentence if a file does not arrive */
export async function fetchTraining(): Promise<ShippedTraining> {
  const [config, train, dev, recording] = await Promise.all([
    fetched("config.json").then((response) => response.json() as Promise<unknown>),
    lines("train.jsonl"),
    lines("dev.jsonl"),
    fetched("strings.flac").then((response) => response.arrayBuffer()),
  ]);
  return { config, train, dev, recording };
}

/** The strings at a model's rate in Hz. */
export async function decodeStrings(
  { train, dev, recording }: ShippedTraining,
  sampleRate: number,
): Promise<SpokenStrings> {
  const context = new OfflineAudioContext(1, 1, sampleRate);
  const decoded = (await context.decodeAudioData(recording.slice(0))).getChannelData(0);
  const samples = sampleRate === RATE ? asStored(decoded) : decoded;
  const cut = ({ id, text, offset, duration }: Line): SpokenString => ({
    id,
    text,
    waveform: samples.slice(Math.round(offset * sampleRate), Math.round((offset + duration) * sampleRate)),
  });
  return { train: train.map(cut), dev: dev.map(cut) };
}

/** 16-bit samples over 2¹⁵, as the command line reads them: Chromium divides positive ones by 2¹⁵ - 1. */
function asStored(samples: Float32Array): Float32Array {
  const isWhole = (value: number): boolean => Math.abs(value - Math.round(value)) < 0.01;
  if (samples.every((sample) => isWhole(sample * 32768))) return samples;
  return samples.map((sample) => Math.round(sample * (sample > 0 ? 32767 : 32768)) / 32768);
}
