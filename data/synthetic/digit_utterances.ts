import { hash } from "../../engine/random.ts";
import { digitStrings, SPLITS, type Split } from "./digit_strings.ts";
import { VOICES } from "./flite.ts";
import type { DigitCorpusOptions } from "./options.ts";
import { drawTake, type SpeakRequest } from "./utterance.ts";

/** An utterance of the corpus, not yet spoken. */
export interface DigitUtterance extends SpeakRequest {
  readonly speaker: string;
}

/** Every utterance of a split: its words, and how which voice says them. */
export function digitUtterances(
  split: Split,
  { sizes, heldOutSpeaker, unseenSpeeds, sampleRate, snr, seed }: DigitCorpusOptions,
): DigitUtterance[] {
  const voices = VOICES.filter(({ speaker }) => (speaker === heldOutSpeaker) === (split === "testUnseen"));
  const speeds = split === "testUnseen" ? unseenSpeeds : [1];
  return digitStrings(seed, split, sizes[split]).map((words, i) => {
    const voice = voices[i % voices.length]!;
    const speed = speeds[Math.floor(i / voices.length) % speeds.length]!;
    const take = drawTake(hash(seed, SPLITS.indexOf(split), i), voice, words, snr);
    return {
      words,
      voice,
      speaker: speed === 1 ? voice.speaker : `${voice.speaker}-${speed}`,
      take: { ...take, speed: take.speed * speed },
      sampleRate,
    };
  });
}
