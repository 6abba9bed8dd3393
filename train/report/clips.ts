import { UserError } from "../../engine/errors.ts";
import type { TrainConfig } from "../../config/config.ts";
import { AudioReader } from "../../data/audio/audio.ts";
import { pieceOf, readManifest, type ManifestEntry } from "../../data/manifest/manifest.ts";
import { encodeWav } from "../../data/audio/wav.ts";
import type { Example } from "./alignments.ts";

/** An utterance's audio, embedded in the page. */
export interface Clip {
  /** A data URI of a 16-bit WAV file. */
  readonly source: string;
  /** Length of the utterance; the clip itself lasts `LONGEST_CLIP` at most. */
  readonly seconds: number;
}

/** An example with its audio, if that could be read. */
export interface ExampleWithAudio extends Example {
  readonly clip?: Clip;
}

/** Seconds kept of an utterance: a page with twenty clips at 16 kHz stays under 10 MB. */
export const LONGEST_CLIP = 10;
const MOST_CLIPS = 20;

/**
 * Adds the examples' audio at the model's sample rate, as far as their sets' manifests and audio files still exist. The
 * first examples of each set take precedence.
 */
export async function withClips(
  sets: readonly { set: string; examples: readonly Example[] }[],
  config: TrainConfig | undefined,
): Promise<{ set: string; examples: ExampleWithAudio[] }[]> {
  const audio = new AudioReader();
  try {
    return await readClips(audio, sets, config);
  } finally {
    await audio.close();
  }
}

async function readClips(
  audio: AudioReader,
  sets: readonly { set: string; examples: readonly Example[] }[],
  config: TrainConfig | undefined,
): Promise<{ set: string; examples: ExampleWithAudio[] }[]> {
  const each = Math.floor(MOST_CLIPS / Math.max(1, sets.length));
  const heard: { set: string; examples: ExampleWithAudio[] }[] = [];
  for (const { set, examples } of sets) {
    const entries = await entriesOf(config?.data.test.find(({ name }) => name === set)?.manifest);
    const withSound = examples.map(async (example, i): Promise<ExampleWithAudio> => {
      const entry = i < each ? entries.get(example.id) : undefined;
      const clip = entry && config && (await unlessUnreadable(() => readClip(audio, entry, config.data.sampleRate)));
      return { ...example, ...(clip && { clip }) };
    });
    heard.push({ set, examples: await Promise.all(withSound) });
  }
  return heard;
}

async function entriesOf(manifest: string | undefined): Promise<Map<string, ManifestEntry>> {
  const read = manifest === undefined ? undefined : await unlessUnreadable(() => readManifest(manifest));
  return new Map((read?.entries ?? []).map((entry) => [entry.id, entry]));
}

async function readClip(audio: AudioReader, entry: ManifestEntry, sampleRate: number): Promise<Clip> {
  const { samples } = await audio.read(entry.audioPath, sampleRate, pieceOf(entry));
  const wav = encodeWav(samples.subarray(0, LONGEST_CLIP * sampleRate), sampleRate);
  return {
    source: `data:audio/wav;base64,${Buffer.from(wav).toString("base64")}`,
    seconds: samples.length / sampleRate,
  };
}

/** A report should not complain about files that training no longer needs. */
async function unlessUnreadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
