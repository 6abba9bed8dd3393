import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { furtherStrings } from "../../../web/worker/speech/further_strings.ts";
import type { SpeechOrder } from "../../../web/worker/speech/protocol.ts";

type Line = { id: string; text: string; speaker: string };
const lines = (name: string): Line[] =>
  readFileSync(`web/public/train/${name}.jsonl`, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line);

const order: SpeechOrder = { from: 0, count: 52, sampleRate: 8000, keptBack: [] };
const texts = (given: Partial<SpeechOrder>): string[] =>
  furtherStrings({ ...order, ...given }).map(([, { words }]) => words.join(" "));

it("goes on with the corpus whose beginning comes with the page", () => {
  const own = furtherStrings(order).map(([id, { words, speaker }]) => ({ id, text: words.join(" "), speaker }));
  expect(own).toEqual(lines("train").map(({ id, text, speaker }) => ({ id, text, speaker })));
  expect(furtherStrings({ ...order, from: 52, count: 3 })).toEqual(furtherStrings({ ...order, count: 55 }).slice(52));
  expect(furtherStrings({ ...order, from: 52, count: 1 })[0]![0]).toBe("train_0052");
});

it("speaks none of the strings kept back: there are none among thousands, and one would be left out", () => {
  const keptBack = lines("dev").map(({ text }) => text);
  expect(keptBack).toHaveLength(8);
  const many = texts({ from: 52, count: 3000 });
  expect(many.filter((text) => keptBack.includes(text))).toEqual([]);
  const [first] = many;
  expect(texts({ from: 52, count: 3000, keptBack: [first!] })).toEqual(many.filter((text) => text !== first));
});
