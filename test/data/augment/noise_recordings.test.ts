import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFrontEnd } from "../../../model/features/front_end.ts";
import { readNoises } from "../../../data/augment/noise_recordings.ts";
import { FeatureSource } from "../../../data/features/feature_source.ts";
import { littleEndian, wavFile } from "../audio/wav_file.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-noises-"))));
afterAll(() => rmSync(folder, { recursive: true }));

test("what reading a noise recording decided is told", async () => {
  const data = littleEndian(new Array<number>(1600).fill(77), 2);
  writeFileSync(at("plain.wav"), wavFile(data));
  writeFileSync(at("pipe.wav"), wavFile(data, { dataBytes: 0xffffffff }));
  writeFileSync(at("noise.jsonl"), '{"audio_filepath": "plain.wav"}\n{"audio_filepath": "pipe.wav"}\n');
  const frontEnd = createFrontEnd({ kind: "fbank", fbank: { sampleRate: 8000 } });
  const remarks: string[] = [];
  const noises = await readNoises(
    at("noise.jsonl"),
    new FeatureSource({ frontEnd }),
    () => undefined,
    (remark) => remarks.push(remark),
  );
  expect(noises.map(({ id }) => id)).toEqual(["plain", "pipe"]);
  expect(remarks).toEqual([
    `${at("pipe.wav")}: its header does not say how long it is (0xffffffff bytes), so it is read to its end`,
  ]);
});
