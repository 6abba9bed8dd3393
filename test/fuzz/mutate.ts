import { hash } from "../../engine/random.ts";

/** Draws whole numbers that depend on the keys only, so that a mutant can be made again. */
export class Draws {
  readonly #keys: readonly number[];
  #count = 0;

  constructor(...keys: number[]) {
    this.#keys = keys;
  }

  /** From 0 to before `limit`. */
  below(limit: number): number {
    return Math.floor((hash(...this.#keys, this.#count++) / 2 ** 32) * limit);
  }

  of<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}

/** Numbers at which programs go wrong: lengths, counts and rates that are too small, too large or negative. */
const NUMBERS = [
  0, 1, 2, 3, 7, 8, 16, 24, 32, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 8000, 16000, 44100, 48000, 400000,
  0x7effffff, 0x7f000000, 0x7ffff000, 0x7fffffff, 0x80000000, 0xfffe, 0xfffffff0, 0xffffffff,
];

/** The part of a file that is mostly its header: half of all changes are there. */
const HEADER_BYTES = 200;

type Change = (bytes: Buffer, draws: Draws, other: Buffer) => Buffer;

const place = (bytes: Buffer, draws: Draws): number =>
  draws.below(draws.below(2) === 0 ? Math.min(HEADER_BYTES, bytes.length) : bytes.length);

/** A part of at most a tenth of the file, or of a few bytes. */
function span(bytes: Buffer, draws: Draws): [from: number, to: number] {
  const from = place(bytes, draws);
  return [from, from + 1 + draws.below(draws.of([4, 40, 1 + Math.floor(bytes.length / 10)]))];
}

const setBytes =
  (value: (draws: Draws) => number): Change =>
  (bytes, draws) => {
    const [from, to] = span(bytes, draws);
    for (let at = from; at < Math.min(to, bytes.length); at++) bytes[at] = value(draws);
    return bytes;
  };

const CHANGES: readonly Change[] = [
  (bytes, draws) => {
    const at = place(bytes, draws);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << draws.below(8));
    return bytes;
  },
  (bytes, draws) => {
    const at = place(bytes, draws);
    const size = draws.of([1, 2, 4, 8]);
    const value = BigInt(draws.of(NUMBERS));
    for (let i = 0; i < size && at + i < bytes.length; i++)
      bytes[at + (draws.below(20) === 0 ? size - 1 - i : i)] = Number((value >> BigInt(8 * i)) & 255n);
    return bytes;
  },
  (bytes, draws) => {
    const at = place(bytes, draws);
    if (at + 4 <= bytes.length) bytes.writeUInt32BE(draws.of(NUMBERS), at);
    return bytes;
  },
  setBytes((draws) => draws.below(256)),
  setBytes(() => 0),
  setBytes(() => 0xff),
  (bytes, draws) => bytes.subarray(0, draws.below(bytes.length + 1)),
  (bytes, draws) => {
    const [from, to] = span(bytes, draws);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, draws) => {
    const [from, to] = span(bytes, draws);
    return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, draws) => {
    const at = place(bytes, draws);
    const garbage = Buffer.from(Uint8Array.from({ length: draws.of([1, 10, 3000]) }, () => draws.below(256)));
    return Buffer.concat([bytes.subarray(0, at), garbage, bytes.subarray(at)]);
  },
  (bytes, draws, other) => {
    const [from, to] = span(other, draws);
    const at = place(bytes, draws);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(from, to), bytes.subarray(at)]);
  },
  (bytes, draws, other) => Buffer.concat([bytes.subarray(0, place(bytes, draws)), other.subarray(place(other, draws))]),
];

/** Changes to text: the same, and lines or numbers that are moved, doubled or odd. */
const ODD_TEXT = [
  "-1",
  "0",
  "1e999",
  "-99",
  "NaN",
  "99999999999999999999",
  '"',
  "\\",
  "{",
  "]",
  "\t",
  "\n",
  "\0",
  "\u2028",
  "é",
  "\ufeff",
  "null",
  "<unk>",
  "__proto__",
];

const TEXT_CHANGES: readonly Change[] = [
  ...CHANGES,
  (bytes, draws) => {
    const lines = bytes.toString("latin1").split("\n");
    lines.splice(
      draws.below(lines.length),
      draws.below(3),
      ...lines.slice(draws.below(lines.length)).slice(0, draws.below(3)),
    );
    return Buffer.from(lines.join("\n"), "latin1");
  },
  (bytes, draws) => {
    const numbers = [...bytes.toString("latin1").matchAll(/-?\d+(\.\d+)?/gu)];
    const chosen = numbers[draws.below(numbers.length)];
    if (!chosen) return bytes;
    const text = bytes.toString("latin1");
    const odd = Buffer.from(draws.of(ODD_TEXT)).toString("latin1");
    return Buffer.from(text.slice(0, chosen.index) + odd + text.slice(chosen.index + chosen[0].length), "latin1");
  },
  (bytes, draws) => {
    const at = place(bytes, draws);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(draws.of(ODD_TEXT)), bytes.subarray(at)]);
  },
];

/** A copy of one of the sources, changed in one way, or a few. */
export function mutant(sources: readonly Buffer[], draws: Draws, isText: boolean): Buffer {
  let bytes = Buffer.from(draws.of(sources));
  const other = draws.of(sources);
  for (let changes = draws.of([1, 1, 1, 2, 4]); changes > 0 && bytes.length > 0; changes--)
    bytes = Buffer.from(draws.of(isText ? TEXT_CHANGES : CHANGES)(bytes, draws, other));
  return bytes;
}
