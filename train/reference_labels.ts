import type { CtcModel } from "../model/ctc_model.ts";
import type { Units } from "../model/units/units.ts";
import type { Utterance } from "./data/dataset.ts";
import { framesNeeded } from "./data/validate.ts";

/**
 * The classes of an utterance's text, for its CTC loss. Null where there is no such loss: the text has characters that no
 * unit spells, which the texts of dev may have, or the model gives fewer frames than CTC needs to align it.
 */
export function referenceLabels(
  { text, frames }: Pick<Utterance, "text" | "frames">,
  units: Units,
  model: Pick<CtcModel, "outputFrames">,
): Int32Array | null {
  if (units.unknownIn(text).length > 0) return null;
  const labels = units.encode(text);
  return model.outputFrames(frames) >= Math.max(1, framesNeeded(labels)) ? labels : null;
}
