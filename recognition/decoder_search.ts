import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import type { CtcModel } from "../model/ctc_model.ts";
import type { JointHypothesis } from "../model/decode/joint_search.ts";
import { decoderSearchDefaults, type SearchOptions } from "../model/decode/search.ts";
import type { TrainConfig } from "../config/config.ts";
import { jointSearch, type EncodedUtterances } from "./joint_search.ts";
import { rescore } from "./rescore.ts";

/** How a decoder takes part in recognition. */
export interface DecoderSearch {
  /** "joint": with CTC, token by token; "attention": the decoder alone; "rescore": it reorders what CTC's beam search finds. */
  readonly kind: "joint" | "attention" | "rescore";
  /** λ, the share of CTC in a score; not used by "attention". */
  readonly ctcWeight: number;
  /** Added per label, except in "rescore". */
  readonly lengthBonus: number;
}

/** How a config's `eval` section lets a decoder take part; undefined if CTC decodes alone. */
export function configuredSearch({ search, ctcWeight, lengthBonus }: TrainConfig["eval"]): DecoderSearch | undefined {
  const { ctcWeight: usual, lengthBonus: none } = decoderSearchDefaults;
  return search === "ctc"
    ? undefined
    : { kind: search, ctcWeight: ctcWeight ?? usual, lengthBonus: lengthBonus ?? none };
}

/** @param which names the model */
export const withoutDecoder = (kind: DecoderSearch["kind"], which: string): UserError =>
  new UserError(`the search '${kind}' needs a model with a decoder, but ${which} has CTC alone`);

/**
 * The search of a model's decoder, for `forEachPosterior`.
 *
 * @throws UserError if the model has no decoder
 */
export function decoderSearch(
  device: Device,
  { decoder }: Pick<CtcModel, "decoder">,
  { kind, ctcWeight, lengthBonus }: DecoderSearch,
  { beam, fusion, beamSearch }: SearchOptions,
): (encoded: EncodedUtterances) => Promise<JointHypothesis[][]> {
  if (!decoder) throw withoutDecoder(kind, "this one");
  const width = { beam: beam ?? decoderSearchDefaults.beam, fusion: fusion ?? null };
  return (encoded) =>
    kind === "rescore"
      ? rescore(device, decoder, encoded, { ...width, beamSearch, ctcWeight })
      : jointSearch(device, decoder, encoded, {
          ...width,
          ctcWeight: kind === "joint" ? ctcWeight : 0,
          lengthBonus,
        });
}
