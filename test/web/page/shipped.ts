import { readFileSync } from "node:fs";
import { join } from "node:path";
import { recallResults } from "../../../web/worker/recorded.ts";

const FOLDER = "web/public/seed";

export const clips = JSON.parse(readFileSync(join(FOLDER, "clips.json"), "utf8")) as {
  readonly name: string;
  readonly text: string;
  readonly file: string;
}[];

export const clipFile = (clip: number): string => join(FOLDER, clips[clip]!.file);

/** What the same weights said of a clip at a depth in Node, on another driver, when the clips were made. */
export const recordedText = (clip: number, depth: number): string =>
  recallResults(new Uint8Array(readFileSync(join(FOLDER, "recorded.safetensors"))), clip).depths[depth - 1]!.text;
