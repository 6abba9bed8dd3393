import { hash, uniform } from "../../engine/random.ts";

export const SPLITS = ["train", "dev", "test", "testUnseen"] as const;

export type Split = (typeof SPLITS)[number];

const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"] as const;
const LONGEST = 5;

/** About a tenth of the 111,100 strings of two to five digits belongs to each of dev, test and testUnseen. */
export const MOST_HELD_OUT = 5_000;

/**
 * The digit strings of one split, as words. A hash of the digits alone decides which split a string belongs to, so
 * splits are disjoint whatever their sizes; single digits all belong to train. In train, lengths 1 to 5 are equally
 * likely and strings may repeat (spoken by another voice, in another manner); the other splits have each string once.
 */
export function digitStrings(seed: number, split: Split, count: number): string[][] {
  const strings: string[][] = [];
  const seen = new Set<string>();
  const stream = hash(seed, SPLITS.indexOf(split));
  for (let draw = 0; strings.length < count; draw++) {
    const length = 1 + Math.floor(uniform(stream, draw, 0) * LONGEST);
    const digits = Array.from({ length }, (_, i) => Math.floor(uniform(stream, draw, 1 + i) * 10));
    const name = digits.join("");
    if (splitOf(seed, digits) !== split || (split !== "train" && seen.has(name))) continue;
    seen.add(name);
    strings.push(digits.map((digit) => WORDS[digit]!));
  }
  return strings;
}

function splitOf(seed: number, digits: number[]): Split {
  if (digits.length === 1) return "train";
  const tenth = hash(seed, digits.length, ...digits) % 10;
  return (["dev", "test", "testUnseen"] as const)[tenth] ?? "train";
}
