import type { NgramModel, SharedNgrams } from "../../model/decode/ngram_model.ts";

/** A model's n-grams in memory that threads share, but for its words, of which each thread receives a copy. */
export function shareNgrams(model: NgramModel): SharedNgrams {
  const { trie, ...rest } = model.parts;
  const { count, parent, word, length, suffix, logProb, backoff, table } = trie;
  return {
    ...rest,
    trie: {
      count,
      parent: shared(Uint32Array, parent),
      word: shared(Uint32Array, word),
      length: shared(Uint8Array, length),
      suffix: shared(Uint32Array, suffix),
      logProb: shared(Float32Array, logProb),
      backoff: shared(Float32Array, backoff),
      table: shared(Uint32Array, table),
    },
  };
}

function shared<Column extends Uint32Array | Uint8Array | Float32Array>(
  Type: { new (buffer: SharedArrayBuffer): Column; readonly BYTES_PER_ELEMENT: number },
  values: Column,
): Column {
  const column = new Type(new SharedArrayBuffer(values.length * Type.BYTES_PER_ELEMENT));
  column.set(values);
  return column;
}
