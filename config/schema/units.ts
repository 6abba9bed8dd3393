import { z } from "zod";
import { oneOf, text } from "./fields.ts";

export const unitsSchema = z.strictObject({
  kind: oneOf("characters", "bpe", "vocabulary")
    .default("characters")
    .describe(
      "What a class of the model is: one of the training texts' characters, a subword of `tokenizer`, or a character of `vocabulary`. CTC's blank is class 0, of a vocabulary its padding token.",
    ),
  tokenizer: text("the path of a tokenizer.json")
    .nullish()
    .describe(
      "With kind bpe, a tokenizer.json as `unfold tokenizer train` or Hugging Face's tokenizers write it (BPE or Unigram, with Metaspace). The checkpoint keeps all of it. Null: that of the checkpoint which the run starts from.",
    ),
  vocabulary: text("the path of a vocab.json")
    .nullish()
    .describe(
      "With kind vocabulary, a vocab.json as Hugging Face's wav2vec 2.0 and HuBERT models have it, with their tokenizer_config.json beside it if there is one. Null: that of the checkpoint which the run starts from.",
    ),
});
