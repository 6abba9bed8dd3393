import { describe, expect, test } from "vitest";
import { summariseSkipped, validateUtterances, type Candidate } from "../../../data/manifest/validate.ts";
import { framesNeeded } from "../../../model/ctc_model.ts";

const candidate = (change: Partial<Candidate>): Candidate => ({
  id: "u",
  frames: 100,
  labels: [1, 2],
  duration: 1,
  samples: 16000,
  sampleRate: 16000,
  ...change,
});

describe("framesNeeded", () => {
  test.each([
    [[], 0],
    [[5], 1],
    [[5, 6, 5], 3],
    [[5, 5], 3],
    [[5, 5, 5, 6, 6], 8],
  ])("%j needs %i", (labels, frames) => expect(framesNeeded(Int32Array.from(labels))).toBe(frames));
});

describe("validateUtterances", () => {
  test("keeps what just fits and names what is one frame short", () => {
    const labels = [1, 1, 2]; // 1 blank 1 2
    const { usable, skipped, warnings } = validateUtterances([
      candidate({ id: "fits", frames: 4, labels }),
      candidate({ id: "short", frames: 3, labels }),
      candidate({ id: "empty text", frames: 1, labels: [] }),
      candidate({ id: "no frame", frames: 0, labels: [] }),
    ]);
    expect(usable).toEqual([0, 2]);
    expect(skipped).toEqual([
      { id: "short", reason: "too short for its text: 3 frames after subsampling, but CTC needs 4 for its 3 labels" },
      {
        id: "no frame",
        reason: "too short for its text: 0 frames after subsampling, but CTC needs 1 for its 0 labels",
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test("a duration that disagrees with the samples is a warning with both counts; the utterance stays", () => {
    const { usable, warnings } = validateUtterances([
      candidate({ id: "cut", duration: 2, samples: 8000, sampleRate: 8000 }),
    ]);
    expect(usable).toEqual([0]);
    expect(warnings).toEqual([
      "cut: wrong sample count: 8000 samples at 8000 Hz (1.00 s), the manifest's 2.00 s would be 16000",
    ]);
  });

  test("a piece that ends after its recording is cut there, with a warning", () => {
    const { usable, warnings } = validateUtterances([
      candidate({ id: "late", duration: 1.4, samples: 8000, sampleRate: 8000, isPiece: true }),
    ]);
    expect(usable).toEqual([0]);
    expect(warnings).toEqual(["late: the piece ends 0.40 s after its recording, and is cut there"]);
  });

  test.each([
    ["0.09 s of a short one", { duration: 0.5, samples: 0.59 * 16000 }, 0],
    ["0.11 s of a short one", { duration: 0.5, samples: 0.61 * 16000 }, 1],
    ["too long, not only too short", { duration: 0.61, samples: 0.5 * 16000 }, 1],
    ["4 % of a long one", { duration: 20, samples: 20.8 * 16000 }, 0],
    ["6 % of a long one", { duration: 20, samples: 21.2 * 16000 }, 1],
    ["no duration", { duration: null }, 0],
  ])("%s", (_, change, count) => expect(validateUtterances([candidate(change)]).warnings).toHaveLength(count));
});

test("the summary counts all and names ten", () => {
  const skipped = Array.from({ length: 12 }, (_, i) => ({ id: `u${i}`, reason: "why" }));
  expect(summariseSkipped([], 5)).toBeNull();
  expect(summariseSkipped(skipped.slice(0, 2), 5)).toBe("skipped 2 of 5 utterances: u0 (why), u1 (why)");
  expect(summariseSkipped(skipped, 40)).toMatch(/^skipped 12 of 40 utterances: u0 \(why\), .*u9 \(why\), and 2 more$/);
});
