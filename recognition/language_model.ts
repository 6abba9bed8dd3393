import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { UserError } from "../engine/errors.ts";
import { parseArpa } from "../model/decode/arpa.ts";
import { characterFusion, wordFusion, type Fusion } from "../model/decode/fusion.ts";
import type { NgramModel } from "../model/decode/ngram_model.ts";
import type { Units } from "../model/units/units.ts";

/** A language model for decoding, as `eval.lm` of a config and the options `--lm...` give it. */
export interface LanguageModelSettings {
  /** Path of an ARPA file, which may be gzipped. */
  readonly arpa: string;
  readonly weight: number;
  readonly bonus: number;
  readonly level: "word" | "character";
}

/**
 * What a search needs to let a language model take part; null for none.
 *
 * @throws UserError if the file cannot be read or a line is wrong, or if the units' characters are not those of the model
 */
export async function openFusion(settings: LanguageModelSettings | null, units: Units): Promise<Fusion | null> {
  if (settings === null) return null;
  const model = await readArpa(settings.arpa);
  return (settings.level === "word" ? wordFusion : characterFusion)(model, units, settings);
}

/** Reads an ARPA file line by line, unpacking what begins as gzip does. Throws a UserError that names the file, and the line of a fault. */
export async function readArpa(path: string): Promise<NgramModel> {
  try {
    const packed = await isGzip(path);
    const bytes = createReadStream(path);
    const text = packed ? bytes.pipe(createGunzip()) : bytes;
    // Neither pipe nor readline passes errors on: without this the loop over the lines would wait for ever.
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
  return code?.startsWith("Z_") ? `its gzip data are damaged or cut short: ${message}` : message;
}
