import { UserError } from "../../engine/errors.ts";
import { MOST_HELD_OUT, SPLITS, type Split } from "./digit_strings.ts";
import { VOICES } from "./flite.ts";

export type DigitCorpusOptions = {
  /** Utterances in each split. */
  sizes: Record<Split, number>;
  /** The speaker heard in `testUnseen` and nowhere else: awb, slt, rms or kal. */
  heldOutSpeaker: string;
  /**
   * The speakers of `testUnseen`: that voice at each of these playback speeds. Speed moves pitch and formants together, as
   * a longer or shorter vocal tract does, so each counts as a speaker.
   */
  unseenSpeeds: readonly number[];
  /** Samples per second. */
  sampleRate: number;
  /** Lowest and highest speech-to-noise ratio in dB. */
  snr: [number, number];
  seed: number;
};

export const DIGIT_CORPUS_DEFAULTS: DigitCorpusOptions = {
  sizes: { train: 1400, dev: 60, test: 120, testUnseen: 60 },
  heldOutSpeaker: "rms",
  unseenSpeeds: [1],
  sampleRate: 8000,
  snr: [15, 40],
  seed: 1,
};

/** @throws UserError naming the first invalid option, what was expected and its value */
export function checkOptions({ sizes, heldOutSpeaker, unseenSpeeds, sampleRate, snr, seed }: DigitCorpusOptions): void {
  const expect = (ok: boolean, name: string, expected: string, actual: unknown) => {
    if (!ok) throw new UserError(`makeDigitCorpus: ${name}: expected ${expected}, got ${JSON.stringify(actual)}`);
  };
  for (const split of SPLITS) {
    const most = split === "train" ? Number.MAX_SAFE_INTEGER : MOST_HELD_OUT;
    const ok = Number.isInteger(sizes[split]) && sizes[split] >= 1 && sizes[split] <= most;
    expect(
      ok,
      `sizes.${split}`,
      split === "train" ? "a positive integer" : `an integer from 1 to ${most}`,
      sizes[split],
    );
  }
  const speakers = [...new Set(VOICES.map(({ speaker }) => speaker as string))];
  expect(speakers.includes(heldOutSpeaker), "heldOutSpeaker", `one of ${speakers.join(", ")}`, heldOutSpeaker);
  expect(
    unseenSpeeds.length > 0 && unseenSpeeds.every((speed) => speed >= 0.5 && speed <= 2),
    "unseenSpeeds",
    "one or more numbers from 0.5 to 2",
    unseenSpeeds,
  );
  expect(
    Number.isInteger(sampleRate) && sampleRate >= 4000 && sampleRate <= 48000,
    "sampleRate",
    "an integer from 4000 to 48000",
    sampleRate,
  );
  expect(
    Number.isFinite(snr[0]) && Number.isFinite(snr[1]) && snr[0] <= snr[1],
    "snr",
    "two numbers in dB, the lower first",
    snr,
  );
  expect(Number.isInteger(seed), "seed", "an integer", seed);
}
