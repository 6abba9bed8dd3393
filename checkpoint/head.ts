import { UserError } from "../engine/errors.ts";
import type { BuiltModel } from "../config/build_model.ts";
import type { Checkpoint } from "./checkpoint.ts";

/** Whether a checkpoint has the output layer of its model: an encoder that has only been pretrained has none before a run. */
export const hasHead = ({ tensors }: Checkpoint, { model: { scopes }, parameters }: BuiltModel): boolean =>
  parameters.all.some(({ name }) => !name.startsWith(scopes.encoder) && tensors.has(name));

/** Throws UserError for a checkpoint without an output layer, which writes no text. */
export function expectHead(checkpoint: Checkpoint, built: BuiltModel): void {
  if (!hasHead(checkpoint, built))
    throw new UserError(
      `${checkpoint.path} has no output layer yet: a run can start from it (init), but it writes no text before it is trained to`,
    );
}
