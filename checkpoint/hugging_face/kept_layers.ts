import { UserError } from "../../engine/errors.ts";
import type { LayerIdentity } from "../layer_identity.ts";
import { dropOrder, type SensitivityFile } from "../sensitivity_file.ts";
import type { ModelFolder } from "./folder.ts";

/** How many layers to keep: those without which the word error rate is highest. */
export interface KeptLayers {
  readonly layers: number;
  /** The file of `unfold sensitivity --json` that ranks them. */
  readonly by: string;
}

type Folder = Pick<ModelFolder, "path"> & { readonly config: Pick<LayerIdentity, "kind" | "blocks"> };

/**
 * The layers that remain when all but some are dropped in `dropOrder`, in their original order.
 *
 * @throws UserError if there are not so many layers, the measurement is of a model of another kind or size, or it lacks a
 *   layer
 */
export function mostSensitive(
  { model, depth, leftOut }: SensitivityFile,
  { layers, by }: KeptLayers,
  { path, config: { kind, blocks } }: Folder,
): number[] {
  if (model.kind !== kind || model.blocks !== blocks)
    throw new UserError(
      `--by: ${by} was measured on a ${model.kind} model of ${model.blocks} blocks, but ${path} is a ${kind} model of ${blocks} layers`,
    );
  if (layers > blocks) throw new UserError(`--keep: expected at most the model's ${blocks} layers, got ${layers}`);
  const measured = leftOut.map(({ block }) => block).sort((a, b) => a - b);
  if (measured.length !== blocks || measured.some((block, i) => block !== i))
    throw new UserError(
      `--by: ${by} must have the error rate without each of the layers 0 to ${blocks - 1}, but at its depth ${depth} it has those without ${measured.join(" ")}: measure a depth that runs every layer`,
    );
  return dropOrder({ leftOut })
    .slice(blocks - layers)
    .sort((a, b) => a - b);
}

/** Throws UserError if the measured layers had other weights than the folder's. */
export function expectMeasuredOn(
  { model }: SensitivityFile,
  { by }: KeptLayers,
  { path }: Folder,
  found: LayerIdentity,
): void {
  if (model.sha256 !== found.sha256)
    throw new UserError(
      `--by: ${by} was measured on layers with other weights than those of ${path}: measure the checkpoint that unfold import makes of all its layers`,
    );
}
