import { statSync } from "node:fs";
import type { Device } from "../engine/device.ts";
import { UserError } from "../engine/errors.ts";
import { parseArpa } from "../model/decode/arpa.ts";
import type { AnyFusion } from "../model/decode/batched_fusion.ts";
import { characterFusion, spellable, wordFusion, type Fusion } from "../model/decode/fusion.ts";
import type { NgramModel } from "../model/decode/ngram_model.ts";
import { transformerFusion } from "../model/language/transformer_fusion.ts";
import { formatPercent } from "../data/text/number_format.ts";
import { inputName, streamInput } from "../data/files/input.ts";
import { textLines } from "../data/files/text_lines.ts";
import { unpacked } from "../data/files/unpacked.ts";
import type { Units } from "../model/units/units.ts";
import { expectSameUnits, openLanguageModel } from "./language/open_language_model.ts";

/** A language model for decoding, from a config's `eval.lm` or the `--lm...` options. */
export interface LanguageModelSettings {
  /** Path of an ARPA file, which may be gzipped, or of a language model's checkpoint or run folder. */
  readonly arpa: string;
  readonly weight: number;
  readonly bonus: number;
  /** Of an ARPA file's n-grams; other models have the recogniser's units. */
  readonly level: "word" | "character";
}

/**
 * Prepares a language model for fusion in the search; null for none.
 *
 * @param warn told if the units can spell less than half of the words of an ARPA file
 * @throws UserError if the file cannot be read or a line is invalid, or if the units are not the model's
 */
export async function openFusion(
  device: Device | null,
  settings: LanguageModelSettings | null,
  units: Units,
  warn: (message: string) => void = () => undefined,
): Promise<AnyFusion | null> {
  if (settings === null) return null;
  if (isCheckpoint(settings.arpa)) {
    if (!device) throw new RangeError(`openFusion: ${settings.arpa} computes on a device, but none is given`);
    const opened = openLanguageModel(device, settings.arpa);
    expectSameUnits(opened, units);
    return transformerFusion(opened.model, settings);
  }
  return fusionOf(await readArpa(settings.arpa), units, settings, warn);
}

/** The same, of n-grams that have been read. */
export function fusionOf(
  model: NgramModel,
  units: Units,
  settings: LanguageModelSettings,
  warn: (message: string) => void = () => undefined,
): Fusion {
  if (settings.level === "character") return characterFusion(model, units, settings);
  const fusion = wordFusion(model, units, settings);
  const { share, example } = spellable(model, units);
  if (share < HARDLY)
    warn(
      `the checkpoint's units spell only ${formatPercent(share)} of the words of ${inputName(settings.arpa)}, not '${example}': is it of the same language and case?`,
    );
  return fusion;
}

/** A language model that shares less of its words with the units is warned about. */
const HARDLY = 0.5;

/** Whether a path is of a checkpoint or a run folder rather than of an ARPA file. */
export const isCheckpoint = (path: string): boolean =>
  path.endsWith(".safetensors") || (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false);

/**
 * Reads an ARPA file line by line, decompressing it if it is gzipped. Throws a UserError that names the file, and the
 * line of an error.
 */
export async function readArpa(path: string): Promise<NgramModel> {
  const name = inputName(path);
  try {
    return await parseArpa(textLines(unpacked(streamInput(path), name, BINARY), name), name);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the language model ${name} cannot be read: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

/** How the binary formats of other tools start. */
const BINARY = [
  ["mmap lm http://kheafield.com/code", "a binary file of KenLM, expected ARPA, of which build_binary made it"],
  ["SRILM_BINARY_NGRAM", "a binary file of SRILM, expected ARPA: convert it with ngram -lm FILE -write-lm FILE.arpa"],
] as const;

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  return code?.startsWith("Z_") ? `its gzip data is damaged or truncated: ${message}` : message;
}
