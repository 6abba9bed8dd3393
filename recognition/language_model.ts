import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { UserError } from "../engine/errors.ts";
import { parseArpa } from "../model/decode/arpa.ts";
import { characterFusion, wordFusion, type Fusion } from "../model/decode/fusion.ts";
import type { NgramModel } from "../model/decode/ngram_model.ts";
import type { Units } from "../model/units/units.ts";

/** A language model for decoding, from a config's `eval.lm` or the `--lm...` options. */
export interface LanguageModelSettings {
  /** Path of an ARPA file, which may be gzipped. */
  readonly arpa: string;
  readonly weight: number;
  readonly bonus: number;
  readonly level: "word" | "character";
}

/**
 * Prepares a language model for fusion in the search; null for none.
 *
 * @throws UserError if the file cannot be read or a line is invalid, or if the units' characters are not the model's
 */
export async function openFusion(settings: LanguageModelSettings | null, units: Units): Promise<Fusion | null> {
  return settings && fusionOf(await readArpa(settings.arpa), units, settings);
}

/** The same, of a model that has been read. */
export const fusionOf = (model: NgramModel, units: Units, settings: LanguageModelSettings): Fusion =>
  (settings.level === "word" ? wordFusion : characterFusion)(model, units, settings);

/**
 * Reads an ARPA file line by line, decompressing it if it is gzipped. Throws a UserError that names the file, and the
 * line of an error.
 */
export async function readArpa(path: string): Promise<NgramModel> {
  try {
    const packed = await isGzip(path);
    const bytes = createReadStream(path);
    const text = packed ? bytes.pipe(createGunzip()) : bytes;
    // Neither pipe nor readline forwards errors: without this the loop over the lines would wait forever.
    const lines = createInterface({ input: text, crlfDelay: Infinity });
    const failed = new Promise<never>((_, reject) => {
      bytes.on("error", reject);
      text.on("error", reject);
    });
    return await Promise.race([parseArpa(lines, path), failed]).finally(() => bytes.destroy());
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`the language model ${path} cannot be read: ${reason(error as NodeJS.ErrnoException)}`);
  }
}

async function isGzip(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await file.close();
  }
}

function reason({ code, message }: NodeJS.ErrnoException): string {
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  return code?.startsWith("Z_") ? `its gzip data is damaged or truncated: ${message}` : message;
}
