import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { evaluatedPaths } from "../../config/depths.ts";
import { writeWav } from "../../data/audio/wav.ts";
import { digitUtterances, type DigitUtterance } from "../../data/synthetic/digit_utterances.ts";
import { DIGIT_CORPUS_DEFAULTS } from "../../data/synthetic/options.ts";
import { openSpeakers } from "../../data/synthetic/threads/speech_threads.ts";
import { formatCompact } from "../../data/text/number_format.ts";
import { countParameters } from "../../model/parameter_counts.ts";
import { align, cutText } from "../../recognition/evaluation/error_rate.ts";
import { openRecogniser } from "../../recognition/open_recogniser.ts";
import { transcribeFiles } from "../../recognition/transcribe.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { judged } from "../terminal/judged.ts";

/** A recording of a digit string that no training has heard. */
export interface Spoken {
  readonly file: string;
  readonly text: string;
  /** Whose voice it is, and whether the training set has it. */
  readonly speaker: string;
}

/**
 * Speaks three of the corpus' test strings, two with voices of the training set and one with the held-out voice, into a
 * temporary folder, where `body` finds them.
 */
export async function withThreeStrings(body: (spoken: readonly Spoken[]) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "unfold-start-"));
  const [heard, unheard] = (["test", "testUnseen"] as const).map((split) =>
    digitUtterances(split, DIGIT_CORPUS_DEFAULTS),
  );
  const chosen: [DigitUtterance, string][] = [
    [heard![0]!, "a voice of the training set"],
    [heard![1]!, "another"],
    [unheard![0]!, "a voice that is not in it"],
  ];
  try {
    const speakers = await openSpeakers(1);
    const spoken: Spoken[] = [];
    for (const [i, [utterance, whose]] of chosen.entries()) {
      const { samples, sampleRate } = await speakers.speak(utterance);
      const file = join(folder, `${i + 1}.wav`);
      await writeWav(file, samples, sampleRate);
      spoken.push({ file, text: utterance.words.join(" "), speaker: `${utterance.speaker}, ${whose}` });
    }
    await body(spoken);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a checkpoint hears at each of its depths, as text with right and wrong words marked. */
export async function heardAtEachDepth(
  device: Device,
  checkpoint: string,
  spoken: readonly Spoken[],
  colour: boolean,
): Promise<string> {
  const recogniser = openRecogniser(device, checkpoint);
  try {
    const paths = evaluatedPaths(recogniser.config);
    const files = spoken.map(({ file }) => file);
    const heard: string[][] = [];
    for (const path of paths) {
      const { transcripts, faults } = await transcribeFiles(device, recogniser, files, path, silentObserver, {});
      if (faults[0]) throw faults[0];
      heard.push(transcripts.map(({ text }) => text));
    }
    const blocks = spoken.map(({ text, speaker }, i) =>
      [
        `  said      ${text}   (${speaker})`,
        ...paths.map(({ depth }, d) => {
          const alignment = align(cutText(text, "word"), cutText(heard[d]![i]!, "word"));
          return `  depth ${String(depth).padEnd(3)} ${judged(alignment, colour)}`;
        }),
      ].join("\n"),
    );
    const { whole } = countParameters(recogniser);
    const { blocks: own } = recogniser.config.model;
    return `A seed of ${own} blocks, ${formatCompact(whole)} parameters, unfolded:\n\n${blocks.join("\n\n")}\n`;
  } finally {
    recogniser.parameters.release();
  }
}
