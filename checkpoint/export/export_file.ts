import { existsSync, realpathSync, statSync } from "node:fs";
import { UserError } from "../../engine/errors.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { type Checkpoint } from "../checkpoint.ts";
import { stateBeside, writeCheckpoint } from "../checkpoint_file.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { DepthPath } from "../../config/depths.ts";
import { expectPlace } from "../../data/files/output_place.ts";
import { atFixedDepth, type FixedDepth } from "./fixed_depth.ts";
import { onnxDecoder } from "./onnx/decoder_model.ts";
import { onnxModel } from "./onnx/model.ts";

/** Writers by file extension. */
const WRITERS = {
  safetensors: (out: string, { checkpoint: { tensors, state } }: FixedDepth): void =>
    writeCheckpoint(out, tensors, state),
  onnx(out: string, fixed: FixedDepth): void {
    const [model, decoder] = [onnxModel(fixed), onnxDecoder(fixed)];
    if (decoder) writeAtomically(decoderBeside(out), decoder);
    writeAtomically(out, model);
  },
};

/** Path of a hybrid's decoder beside its encoder's ONNX file. */
export const decoderBeside = (out: string): string => out.replace(/\.onnx$/u, ".decoder.onnx");

export type ExportFormat = keyof typeof WRITERS;

export const exportFormats = Object.keys(WRITERS) as ExportFormat[];

/** The exported depth, and what was written. */
export interface Exported extends FixedDepth {
  /** Size of the file. */
  readonly bytes: number;
  /** The file of its decoder, if that is separate: its parameters are then not in the other. */
  readonly decoderFile?: { readonly path: string; readonly bytes: number };
}

/**
 * The format given by `--format`, or else by the file's extension. Throws UserError if neither gives one, or they
 * contradict each other.
 */
export function formatOf(out: string, given: string | undefined): ExportFormat {
  const format = exportFormats.find((name) => name === given);
  const ending = exportFormats.find((name) => out.endsWith(`.${name}`));
  if (given !== undefined && !format)
    throw new UserError(`--format: expected ${exportFormats.join(", ")} or hf, got '${given}'`);
  if (!ending || (format && format !== ending))
    throw new UserError(
      `--out: expected a name that ends in ${format ? `.${format}` : exportFormats.map((name) => `.${name}`).join(" or ")}, got '${out}'`,
    );
  return ending;
}

/**
 * Writes one depth of a checkpoint to a file of its own: a checkpoint with its state as JSON beside it, or an ONNX
 * file, of a hybrid with its decoder in another beside it. Each file is either complete or absent.
 *
 * @param force whether to overwrite existing files; the checkpoint itself is never overwritten
 * @throws UserError if a file exists, its folder does not, or the checkpoint is damaged; RunError if it cannot be
 *   written
 */
export function exportFile(
  checkpoint: Checkpoint,
  config: TrainConfig,
  path: DepthPath,
  out: string,
  { format, force }: { format: ExportFormat; force: boolean },
): Exported {
  const hasSeparateDecoder = format === "onnx" && config.model.kind === "conformer" && config.model.decoder !== null;
  const beside = [
    ...(format === "safetensors" ? [stateBeside(out)] : []),
    ...(hasSeparateDecoder ? [decoderBeside(out)] : []),
  ];
  expectPlace([out, ...beside], { force });
  if (existsSync(out) && realpathSync(out) === realpathSync(checkpoint.path))
    throw new UserError(`${out} is the checkpoint itself, which would lose its other depths: choose another name`);
  const fixed = atFixedDepth(checkpoint, config, path);
  WRITERS[format](out, fixed);
  const sizeOf = (file: string): number => statSync(file).size;
  const decoderFile = hasSeparateDecoder && { path: decoderBeside(out), bytes: sizeOf(decoderBeside(out)) };
  return { ...fixed, bytes: sizeOf(out), ...(decoderFile && { decoderFile }) };
}
