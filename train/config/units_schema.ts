import { z } from "zod";
import { oneOf, text } from "./fields.ts";

export const unitsSchema = z.strictObject({
  kind: oneOf("characters", "bpe").default("characters").describe("What a class of the model is: one of the training texts' characters, or a subword of `tokenizer`. Class 0 is CTC's blank either way."),
  tokenizer: text("the path of a tokenizer.json").nullish()
    .describe("With kind bpe, a tokenizer.json as `unfold tokenizer train` or Hugging Face's tokenizers write it (BPE or Unigram, with Metaspace). The checkpoint keeps all of it."),
});
