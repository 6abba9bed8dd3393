import type { FileBytes } from "./file_bytes.ts";

/*
 * Tags (titles, pictures) are skipped here: `music-metadata` 11.16.1 returns what is in them but not where they end,
 * and does not recognise a file whose ID3v2 tag has a footer and zeros after it.
 */

const ID3V2_HEADER_BYTES = 10;

/** ID3v2 flag: a copy of the header follows the tag. */
const HAS_FOOTER = 0x10;
const ID3V1_BYTES = 128;

/** Size of an APE tag's header, and of its footer; the length stored in the tag counts only the footer. */
const APE_HEADER_BYTES = 32;

/** The first byte from `at` on outside any ID3v2 tag. Such tags can precede any kind of audio. */
export function skipId3v2(file: FileBytes, at: number): number {
  for (let length = id3v2Length(file, at); length > 0; length = id3v2Length(file, at)) at += length;
  return at;
}

/**
 * The first byte from `at` on outside any ID3v2, ID3v1 or APE tag; zeros after a tag or at the end of the file are
 * skipped too.
 */
export function skipTags(file: FileBytes, at: number): number {
  for (let end = at; ; at = end) {
    end = skipZeros(file, skipId3v2(file, at));
    const start = file.read(end, APE_HEADER_BYTES);
    if (start.toString("latin1", 0, 3) === "TAG") end += ID3V1_BYTES;
    if (start.toString("latin1", 0, 8) === "APETAGEX" && start.length === APE_HEADER_BYTES)
      end += start.readUInt32LE(12) + APE_HEADER_BYTES;
    if (end >= file.size) return file.size;
    if (end === at) return at;
  }
}

/** The first byte from `at` on that is not 0. */
export function skipZeros(file: FileBytes, at: number): number {
  while (at < file.size && file.read(at, 1)[0] === 0) at++;
  return at;
}

/**
 * Length of the ID3v2 tag here, 0 if there is none. It is stored as four times 7 bits, and excludes header and footer.
 */
function id3v2Length(file: FileBytes, at: number): number {
  const header = file.read(at, ID3V2_HEADER_BYTES);
  if (header.length < ID3V2_HEADER_BYTES || header.toString("latin1", 0, 3) !== "ID3") return 0;
  const ends = (header[5] as number) & HAS_FOOTER ? 2 : 1;
  return header.subarray(6).reduce((length, byte) => length * 128 + (byte & 127), 0) + ends * ID3V2_HEADER_BYTES;
}
