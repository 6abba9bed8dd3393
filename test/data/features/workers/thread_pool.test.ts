import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { RunError, UserError } from "../../../../engine/errors.ts";
import { writeWav } from "../../../../data/audio/wav.ts";
import { FeatureComputer } from "../../../../data/features/workers/feature_computer.ts";
import type { FeatureRequest, FeatureSettings } from "../../../../data/features/workers/request.ts";
import { featureThreads } from "../../../../data/features/workers/feature_threads.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const settings: FeatureSettings = { frontEnd: { kind: "fbank", fbank: { sampleRate: 8000, bins: 12 } }, cache: null };
const NAMES = ["a", "b", "c", "d"];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-threads-"));
  for (const [i, name] of NAMES.entries())
    await writeWav(
      at(`${name}.wav`),
      Float32Array.from({ length: 3000 + 500 * i }, (_, n) => 0.4 * Math.sin((n * (i + 1)) / 9)),
      8000,
    );
  writeFileSync(at("text.wav"), "no audio");
  // Threads that fail: one by a fault in its code, one without a word.
  writeFileSync(
    at("throws.mjs"),
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { throw new Error("out of paper"); });',
  );
  writeFileSync(
    at("exits.mjs"),
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(7));',
  );
  writeFileSync(
    at("hangs.mjs"),
    'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => { for (;;); });',
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

let pool: ReturnType<typeof featureThreads> | undefined;
afterEach(() => pool?.close(new Error("the test is over")));
const open = (size: number, script?: string): ReturnType<typeof featureThreads> =>
  (pool = featureThreads(
    size,
    settings,
    ...(script === undefined ? [] : [{ url: pathToFileURL(at(script)), execArgv: [] }]),
  ));

const request = (name: string, more: Partial<FeatureRequest> = {}): FeatureRequest => ({
  path: at(`${name}.wav`),
  piece: undefined,
  content: null,
  speed: 1,
  noise: null,
  gainDb: null,
  cmvn: null,
  want: { values: true, statistics: true },
  ...more,
});

test("threads compute what the main thread computes, bit by bit", async () => {
  const noise = { path: at("a.wav"), piece: undefined, position: 0.3, snrDb: 10 };
  const cmvn = { frames: 9, mean: new Float64Array(12).fill(3), variance: new Float64Array(12).fill(2) };
  const requests = NAMES.flatMap((name) => [
    request(name),
    request(name, { speed: 0.9, cmvn }),
    request(name, { piece: { offset: 0.1, duration: 0.2 } }),
    request(name, { noise, gainDb: -3 }),
  ]);
  const inPlace = new FeatureComputer(settings);
  const threads = open(2);
  const answers = await Promise.all(requests.map((one) => threads.compute(one)));
  for (const [i, answer] of answers.entries()) expect(answer).toEqual(await inPlace.compute(requests[i]!));
});

describe("what goes wrong", () => {
  const errorOf = (promise: Promise<unknown>): Promise<Error> =>
    promise.then(
      () => new Error("nothing went wrong"),
      (error: unknown) => error as Error,
    );

  test.each([
    ["text", "is not a supported audio file"],
    ["nothing", "does not exist"],
  ])("a bad file (%s): the same UserError as without a thread, and the thread goes on", async (name, reason) => {
    const threads = open(1);
    const error = await errorOf(threads.compute(request(name)));
    expect(error).toEqual(await errorOf(new FeatureComputer(settings).compute(request(name))));
    expect(error).toBeInstanceOf(UserError);
    expect(error.message).toContain(`${name}.wav ${reason}`);
    expect((await threads.compute(request("a"))).frames).toBeGreaterThan(0);
  });

  test.each([
    ["throws.mjs", "a thread that computes features failed: out of paper"],
    ["exits.mjs", "a thread that computes features ended early, with code 7"],
  ])("a thread that dies (%s): one sentence for all that was asked and will be", async (script, message) => {
    const threads = open(1, script);
    for (const error of [
      ...(await Promise.all(NAMES.map((name) => errorOf(threads.compute(request(name)))))),
      await errorOf(threads.compute(request("a"))),
    ]) {
      expect(error).toBeInstanceOf(RunError);
      expect(error.message).toBe(message);
    }
  });

  test("closed while a thread is busy, it rejects at once with the reason", async () => {
    const threads = open(2, "hangs.mjs");
    const errors = Promise.all(NAMES.map((name) => errorOf(threads.compute(request(name)))));
    threads.close(new Error("enough"));
    expect((await errors).map(({ message }) => message)).toEqual(NAMES.map(() => "enough"));
    expect((await errorOf(threads.compute(request("a")))).message).toBe("enough");
  });
});
