import type { FileBytes } from "./file_bytes.ts";

/*
 * Tags (titles, pictures) are skipped here: `music-metadata` 11.16.1 returns what is in them but not where they end,
 * and does not recognise a file whose ID3v2 tag has a footer and zeros after it.
 */

const ID3V2_HEADER_BYTES = 10;

/** ID3v2 flag: a copy of the header follows the tag. */
const HAS_FOOTER = 0x10;
const ID3V1_BYTES = 128;

/** A longer ID3v1, directly before it. */
const ID3V1_EXTENSION_BYTES = 227;

/** Size of an APE tag's header, and of its footer; the length stored in the tag counts only the footer. */
const APE_HEADER_BYTES = 32;

/** APE flag: the tag has a header. */
const HAS_HEADER = 0x80000000;

/** Lyrics3: the text starts with "LYRICSBEGIN" and ends with a length of 6 digits and one of these; version 1 has no length. */
const LYRICS_START = "LYRICSBEGIN";
const LYRICS_ENDS = ["LYRICS200", "LYRICSEND"];
const LYRICS_END_BYTES = 9;
const LYRICS_LENGTH_BYTES = 6;
const LONGEST_LYRICS = 1_000_000 + LYRICS_LENGTH_BYTES + LYRICS_END_BYTES;

/** The first byte from `at` on outside any ID3v2 tag. Such tags can precede any kind of audio. */
export function skipId3v2(file: FileBytes, at: number): number {
  for (let length = id3v2Length(file, at); length > 0; length = id3v2Length(file, at)) at += length;
  return at;
}

/** The first byte from `at` on outside any ID3v2 tag (and zeros behind it), ID3v1, APE or Lyrics3 tag. */
export function skipTags(file: FileBytes, at: number): number {
  for (let end = at; ; at = end) {
    const untagged = skipId3v2(file, at);
    end = untagged > at ? skipZeros(file, untagged) : at;
    end += otherTagLength(file, end);
    if (end >= file.size) return file.size;
    if (end === at) return at;
  }
}

function otherTagLength(file: FileBytes, at: number): number {
  const start = Buffer.from(file.read(at, APE_HEADER_BYTES));
  const begins = (text: string): boolean => start.toString("latin1", 0, text.length) === text;
  if (begins("TAG+")) return ID3V1_EXTENSION_BYTES;
  if (begins("TAG")) return ID3V1_BYTES;
  if (begins("APETAGEX") && start.length === APE_HEADER_BYTES) return start.readUInt32LE(12) + APE_HEADER_BYTES;
  if (!begins(LYRICS_START)) return 0;
  const text = file.copy(at, LONGEST_LYRICS).toString("latin1");
  const ends = LYRICS_ENDS.map((end) => text.indexOf(end)).filter((end) => end > 0);
  return ends.length === 0 ? 0 : Math.min(...ends) + LYRICS_END_BYTES;
}

/** Where the tags at the end of the file start: ID3v1, APE, Lyrics3 and ID3v2 with a footer, in any order. */
export function tagsAtEnd(file: FileBytes): number {
  for (let end = file.size; ;) {
    const length = lengthOfTagBefore(file, end);
    if (length === 0 || length > end) return end;
    end -= length;
  }
}

/** Length of the tag that ends before this byte; 0 if there is none. */
function lengthOfTagBefore(file: FileBytes, end: number): number {
  const before = (bytes: number, length: number): string =>
    end < bytes ? "" : file.copy(end - bytes, length).toString("latin1");
  if (before(ID3V1_BYTES, 3) === "TAG") return ID3V1_BYTES;
  if (before(ID3V1_EXTENSION_BYTES, 4) === "TAG+") return ID3V1_EXTENSION_BYTES;
  if (before(APE_HEADER_BYTES, 8) === "APETAGEX") {
    const footer = file.copy(end - APE_HEADER_BYTES, APE_HEADER_BYTES);
    return footer.readUInt32LE(12) + (footer.readUInt32LE(20) & HAS_HEADER ? APE_HEADER_BYTES : 0);
  }
  if (LYRICS_ENDS.includes(before(LYRICS_END_BYTES, LYRICS_END_BYTES))) {
    const from = Math.max(0, end - LONGEST_LYRICS);
    const start = file.copy(from, end - from).lastIndexOf(LYRICS_START, undefined, "latin1");
    return start < 0 ? 0 : end - from - start;
  }
  if (before(ID3V2_HEADER_BYTES, 3) === "3DI")
    return id3v2Size(file.copy(end - ID3V2_HEADER_BYTES, ID3V2_HEADER_BYTES));
  return 0;
}

/** The first byte from `at` on that is not 0. */
export function skipZeros(file: FileBytes, at: number): number {
  while (at < file.size && file.read(at, 1)[0] === 0) at++;
  return at;
}

/** Length of the ID3v2 tag here, 0 if there is none. */
function id3v2Length(file: FileBytes, at: number): number {
  const header = file.read(at, ID3V2_HEADER_BYTES);
  if (header.length < ID3V2_HEADER_BYTES || header.toString("latin1", 0, 3) !== "ID3") return 0;
  return id3v2Size(header);
}

/** The length in a tag's header or footer: four times 7 bits, which exclude both. */
function id3v2Size(header: Buffer): number {
  const ends = (header[5] as number) & HAS_FOOTER ? 2 : 1;
  return header.subarray(6).reduce((length, byte) => length * 128 + (byte & 127), 0) + ends * ID3V2_HEADER_BYTES;
}
