import { describe, expect, it } from "vitest";
import { watchCollapse, type DepthOutput, type Watched } from "../../../train/health/collapse.ts";
import { type Silence } from "../../../checkpoint/state.ts";
import { padBatch, countInfeasible } from "../../../data/batches/batch.ts";
import { afterEvaluation, fullPatience, isExhausted } from "../../../train/health/early_stop.ts";
import { subsampledLength } from "../../../model/conformer/subsampling.ts";

describe("early stop", () => {
  const course = (wers: number[], patience: number, minDelta: number): boolean[] => {
    let state = fullPatience;
    return wers.map((wer) => {
      state = JSON.parse(JSON.stringify(afterEvaluation(state, wer, { patience, minDelta }))) as typeof state; // as a checkpoint keeps it
      return isExhausted(state, { patience, minDelta });
    });
  };

  it("comes after so many evaluations in a row without a lower WER", () => {
    expect(course([0.9, 0.8, 0.8, 0.85, 0.7, 0.7, 0.71, 0.7], 3, 0)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
      false,
      true,
    ]);
    expect(course([0.5, 0.5], 1, 0)).toEqual([false, true]);
  });

  it("a WER that is lower by less than min_delta does not count, however often", () => {
    expect(course([0.5, 0.495, 0.491, 0.489], 3, 0.01)).toEqual([false, false, false, false]);
    expect(course([0.5, 0.495, 0.492, 0.491], 3, 0.01)).toEqual([false, false, false, true]);
  });

  it("a dev set without words is no reason to go on", () => {
    expect(course([Infinity, Infinity], 2, 0)).toEqual([false, true]);
  });

  it("does not come unless asked for", () => {
    expect(isExhausted({ lowest: 0.1, evaluations: 1000 }, null)).toBe(false);
  });
});

describe("the alarm on collapse", () => {
  const heard = (depth: number, blankRatio: number, ...hypotheses: string[]): DepthOutput => ({
    depth,
    blankRatio,
    utterances: hypotheses.map((hypothesis, i) => ({ hypothesis, reference: `text ${i}` })),
  });
  const alarms = (...evaluations: DepthOutput[][]): string[][] => alarmsOf({}, ...evaluations);
  const alarmsOf = (parts: Watched, ...evaluations: DepthOutput[][]): string[][] => {
    let silence: Silence = {};
    return evaluations.map((scores, i) => {
      const watched = watchCollapse(silence, scores, 10 * (i + 1), parts);
      silence = watched.silence;
      return watched.alarms.map((message) => /^at step \d+ depth \d+/u.exec(message)![0]);
    });
  };

  it("comes at the second evaluation running at which a depth gives blanks, once", () => {
    const [silent, speaking] = [heard(6, 0.995, "a"), heard(6, 0.6, "a")];
    expect(alarms([silent], [silent], [silent])).toEqual([[], ["at step 20 depth 6"], []]);
    expect(alarms([silent], [speaking], [silent], [silent])).toEqual([[], [], [], ["at step 40 depth 6"]]);
  });

  it("or nothing for more than 90 % of the utterances; each depth by itself", () => {
    const nine = new Array<string>(9).fill("");
    const [empty, nearly] = [heard(2, 0.5, ...nine, "", "a"), heard(4, 0.5, ...nine, "a")];
    expect(alarms([empty, nearly], [empty, nearly])).toEqual([[], ["at step 20 depth 2"]]);
  });

  it("of a decoder comes where it says the same of different utterances, which CTC's blanks do not show", () => {
    const deaf = heard(4, 0.6, ...new Array<string>(11).fill("the"), "a");
    expect(alarmsOf({ decoder: true }, [deaf], [deaf])).toEqual([[], ["at step 20 depth 4"]]);
    expect(alarms([deaf], [deaf])).toEqual([[], []]);
    const right = { ...deaf, utterances: deaf.utterances.map((utterance) => ({ ...utterance, reference: "the" })) };
    expect(alarmsOf({ decoder: true }, [right], [right])).toEqual([[], []]);
    const listening = heard(4, 0.6, "the", "a", "the");
    expect(alarmsOf({ decoder: true }, [listening], [listening])).toEqual([[], []]);
    expect(watchCollapse({ 4: 1 }, [deaf], 20, { decoder: true }).alarms[0]).toMatch(
      /^at step 20 depth 4 has output next to nothing, or always the same, for 2 evaluations in a row: 60\.0 % of CTC's frames are blank, 0\.0 % of the hypotheses are empty, 91\.7 % of them are the same; /u,
    );
  });

  it("says nothing of CTC where it has no share in the loss", () => {
    const [silent, mute] = [heard(6, 0.995, "a", "b"), heard(6, 0.995, "", "")];
    expect(alarmsOf({ ctc: false }, [mute], [mute])).toEqual([[], []]);
    expect(alarmsOf({ ctc: false, decoder: true }, [silent], [silent])).toEqual([[], []]);
    expect(alarmsOf({ ctc: false, decoder: true }, [mute], [mute])).toEqual([[], ["at step 20 depth 6"]]);
  });

  it("says how bad it is and what to do", () => {
    const {
      alarms: [message],
    } = watchCollapse({ 6: 1 }, [heard(6, 0.9987, "", "")], 300);
    expect(message).toBe(
      "at step 300 depth 6 has output next to nothing for 2 evaluations in a row: 99.9 % of the frames are blank, 100.0 % of the hypotheses are empty; early in training this passes, " +
        "later try a lower optimizer.learning_rate or a longer schedule.warmup_steps, and check that the texts match the audio",
    );
  });
});

it("utterances too short for their texts are counted in a batch, a blank between equal labels included", () => {
  const item = (frames: number, ...labels: number[]) => ({
    frames,
    features: new Float32Array(frames * 2),
    labels: Int32Array.from(labels),
  });
  const frames = 27;
  const fits = Array.from({ length: subsampledLength(frames) }, (_, i) => 1 + (i % 2));
  expect(
    countInfeasible(padBatch([item(frames, ...fits), item(frames), item(40, 1)], 2), {
      outputFrames: subsampledLength,
    }),
  ).toBe(0);
  expect(
    countInfeasible(
      padBatch([item(frames, ...fits), item(frames, ...fits, 3), item(frames, ...fits.map(() => 1)), item(3)], 2),
      { outputFrames: subsampledLength },
    ),
  ).toBe(3);
});
