import { UserError } from "../../engine/errors.ts";
import { Parameters } from "../../engine/parameters.ts";
import { prefixOf } from "../../model/wav2vec2/names.ts";
import { Wav2Vec2Ctc } from "../../model/wav2vec2/wav2vec2_ctc.ts";
import { misfit } from "../safetensors/expect_tensors.ts";
import type { SafeTensor } from "../safetensors/safetensors.ts";
import type { ModelFolder } from "./folder.ts";
import { modelName, spellingOf, type Spelling } from "./spelling.ts";

/** Tensors of pretraining, which neither the encoder nor a CTC head uses. */
const PRETRAINING = /^(quantizer|project_q|project_hid)\./u;

/** Buffers that PyTorch stores and this project computes or does not need. */
const KEPT = /\.(num_batches_tracked|inv_freq)$/u;

const HEAD = ["lm_head.weight", "lm_head.bias"];

/** A file's tensors under the model's names. */
export interface MatchedWeights {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  /** Not part of the model, but written again by an export. */
  readonly kept: ReadonlyMap<string, SafeTensor>;
  /** Names in the file of omitted tensors: parts of pretraining. */
  readonly leftOut: readonly string[];
  readonly spelling: Spelling;
  /** False for an encoder that has only been pretrained. */
  readonly hasHead: boolean;
}

/**
 * Matches a file's tensors to the model that its config.json describes. Only a CTC head may be missing, as a whole, and
 * the mask vector, which only training uses (facebook/wav2vec2-base-960h has none though its config.json masks).
 *
 * @throws UserError naming all tensors that are missing, unexpected, duplicated, or of another shape or type
 */
export function matchWeights(
  given: ReadonlyMap<string, SafeTensor>,
  { path, config }: Pick<ModelFolder, "path" | "config">,
): MatchedWeights {
  const declared = new Parameters();
  new Wav2Vec2Ctc(declared, config);
  const expected = declared.savedShapes;
  const leftOut = [...given.keys()].filter((name) => PRETRAINING.test(name));
  const names = [...given.keys()].filter((name) => !PRETRAINING.test(name));
  const spelling = spellingOf(names, config);

  const [tensors, kept] = [new Map<string, SafeTensor>(), new Map<string, SafeTensor>()];
  const [unexpected, misshapen, doubled]: [string[], string[], string[]] = [[], [], []];
  for (const name of names) {
    const tensor = given.get(name) as SafeTensor;
    const target = modelName(name, spelling, config);
    const shape = expected.get(target);
    const fault = shape && misfit(name, tensor, shape);
    if (fault) misshapen.push(fault);
    if (!shape && KEPT.test(name)) kept.set(target, tensor);
    if (!shape && !KEPT.test(name)) unexpected.push(name);
    if (tensors.has(target)) doubled.push(target);
    tensors.set(target, tensor);
  }
  const hasHead = HEAD.some((name) => tensors.has(name));
  const optional = [...(hasHead ? [] : HEAD), `${prefixOf(config)}masked_spec_embed`];
  const missing = [...expected.keys()].filter((name) => !tensors.has(name) && !optional.includes(name));
  const faults = [
    ...(missing.length > 0 ? [`missing: ${missing.join(", ")}`] : []),
    ...(unexpected.length > 0 ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(doubled.length > 0 ? [`present in both spellings of weight norm: ${doubled.join(", ")}`] : []),
    ...(misshapen.length > 0 ? [`wrong shape or type: ${misshapen.join(", ")}`] : []),
  ];
  if (faults.length > 0) throw new UserError(`the weights in ${path} do not fit its config.json: ${faults.join("; ")}`);
  for (const name of kept.keys()) tensors.delete(name);
  return { tensors, kept, leftOut, spelling, hasHead };
}
