import { normal, uniform } from "../../engine/random.ts";

export interface MadeUpSet {
  /** `[frames, vocab]` of each utterance, natural logarithms. */
  readonly logProbs: readonly Float32Array[];
  /** Its labels, each from 1 to vocab - 1. */
  readonly texts: readonly (readonly number[])[];
}

/** Sites of the random numbers. */
const [TEXT, PATH, LOGIT] = [1, 2, 3];

/**
 * Posteriors as a trained model gives them: blanks between single peaks, now and then two classes that compete. Labels
 * follow a chain in which each has five likely successors, so that n-grams have something to say.
 */
export function madeUpSet(
  count: number,
  {
    vocab,
    frames,
    labelsPerFrame,
  }: { readonly vocab: number; readonly frames: number; readonly labelsPerFrame: number },
): MadeUpSet {
  const logProbs: Float32Array[] = [];
  const texts: number[][] = [];
  const peak = 6 + Math.log(vocab); // over the sum of all others
  for (let u = 0; u < count; u++) {
    const labels: number[] = [];
    const values = new Float32Array(frames * vocab);
    for (let t = 0; t < frames; t++) {
      const speaks = uniform(PATH, u, t) < labelsPerFrame;
      if (speaks) labels.push(successor(labels.at(-1) ?? 0, vocab, uniform(TEXT, u, t)));
      const [best, rival] = [speaks ? (labels.at(-1) as number) : 0, 1 + Math.floor(uniform(PATH, t, u) * (vocab - 1))];
      const doubt = uniform(PATH, u, t, 1);
      const row = values.subarray(t * vocab, (t + 1) * vocab);
      for (let k = 0; k < vocab; k++) row[k] = normal(LOGIT, u * frames + t, k);
      row[best] = (row[best] as number) + peak;
      row[rival] = (row[rival] as number) + (peak + 2) * doubt ** 2;
      normalise(row);
    }
    logProbs.push(values);
    texts.push(labels);
  }
  return { logProbs, texts };
}

const successor = (label: number, vocab: number, draw: number): number =>
  1 + ((label * 7 + Math.floor(5 * draw ** 2) * 3) % (vocab - 1));

function normalise(logits: Float32Array): void {
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const sum = logits.reduce((total, value) => total + Math.exp(value - most), 0);
  for (let k = 0; k < logits.length; k++) logits[k] = (logits[k] as number) - most - Math.log(sum);
}

/** An n-gram model of label sequences in ARPA format: relative frequencies, less a tenth for what was not seen. */
export function ngramText(characters: readonly string[], texts: readonly (readonly number[])[], order: number): string {
  const words = characters.map((character) => (character === " " ? "<space>" : character));
  const counts = Array.from({ length: order }, () => new Map<string, number>());
  for (const labels of texts)
    for (let n = 1; n <= order; n++)
      for (let start = 0; start + n <= labels.length; start++) {
        const key = labels
          .slice(start, start + n)
          .map((label) => words[label - 1])
          .join(" ");
        const ofOrder = counts[n - 1] as Map<string, number>;
        ofOrder.set(key, (ofOrder.get(key) ?? 0) + 1);
      }
  for (const word of words) counts[0]?.set(word, counts[0].get(word) ?? 1);
  const total = [...(counts[0] as Map<string, number>).values()].reduce((a, b) => a + b, 0);
  const lines = ["\\data\\", ...counts.map((ofOrder, i) => `ngram ${i + 1}=${ofOrder.size}`)];
  for (const [i, ofOrder] of counts.entries()) {
    lines.push("", `\\${i + 1}-grams:`);
    for (const [key, seen] of ofOrder) {
      const context = i === 0 ? total : (counts[i - 1]?.get(key.slice(0, key.lastIndexOf(" "))) as number);
      const logProb = Math.log10((0.9 * seen) / context);
      lines.push(`${logProb.toFixed(6)}\t${key}${i < order - 1 ? "\t-1" : ""}`);
    }
  }
  return [...lines, "", "\\end\\", ""].join("\n");
}
