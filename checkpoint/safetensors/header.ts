import { UserError } from "../../engine/errors.ts";

/*
 * The header of a safetensors file, and where it places each tensor's bytes:
 *
 *     8 bytes   length of the header, little-endian
 *     header    JSON: { "name": { "dtype", "shape", "data_offsets": [begin, end] }, …, "__metadata__": { … } }
 *     data      the tensors' bytes, row-major and little-endian, one after another without holes
 */

const arrays = {
  F32: Float32Array,
  /** IEEE half precision, as bits: see half_precision.ts. */
  F16: Uint16Array,
  /** bfloat16, as bits: see half_precision.ts. */
  BF16: Uint16Array,
  I32: Int32Array,
  I64: BigInt64Array,
  U8: Uint8Array,
} as const;

export type SafeDtype = keyof typeof arrays;

type TensorOf<D extends SafeDtype> = {
  readonly dtype: D;
  readonly shape: readonly number[];
  /** For an open file, each access reads the bytes again. */
  readonly values: InstanceType<(typeof arrays)[D]>;
};

/** One tensor. `values` is row-major, its class given by `dtype`; a scalar has shape []. */
export type SafeTensor = { [D in SafeDtype]: TensorOf<D> }[SafeDtype];

/** A header's entry for one tensor; offsets count from the first byte of the data. */
export interface Entry {
  readonly name: string;
  readonly dtype: SafeDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** A whole header. Entries are in byte order and cover the data without holes. */
export interface Layout {
  readonly entries: readonly Entry[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Byte at which the data begins in the file. */
  readonly dataStart: number;
}

export const PREFIX_BYTES = 8;
const METADATA = "__metadata__";

/** The official reader's limit: a larger header means an attack or another kind of file. */
const LONGEST_HEADER = 100_000_000;

/**
 * Reads and checks a header.
 *
 * @param read returns the file's bytes from `start` to before `end`
 * @param fileBytes size of the file
 * @param file its name in error messages
 * @throws UserError if the file is truncated, malformed or contains an unsupported type
 */
export function readLayout(read: (start: number, end: number) => Uint8Array, fileBytes: number, file: string): Layout {
  const header = readHeader(read, fileBytes, file);
  const { dataStart } = header;
  const metadata = readMetadata(header.json[METADATA], file);
  const entries = Object.entries(header.json)
    .filter(([name]) => name !== METADATA)
    .map(([name, value]) => readEntry(name, value, file))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  expectNoHoles(entries, fileBytes - dataStart, file);
  return { entries, metadata, dataStart };
}

/**
 * Lays out tensors in a file: the header, and where each one's bytes follow it. The same tensors always give the same
 * bytes, in whatever order they come: widest type first, so that every tensor is aligned, then by name.
 *
 * @returns `bytes`: prefix, JSON and the spaces that align the data
 * @throws Error if a tensor is called "__metadata__"
 */
export function layOut(
  tensors: Iterable<readonly [string, Pick<SafeTensor, "dtype" | "shape">]>,
  metadata: Readonly<Record<string, string>>,
): { bytes: Uint8Array; entries: Entry[] } {
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) => width(b.dtype) - width(a.dtype) || (nameA < nameB ? -1 : 1),
  );
  const described: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let end = 0;
  const entries = ordered.map(([name, { dtype, shape }]): Entry => {
    if (name === METADATA) throw new Error(`serialiseSafetensors: '${METADATA}' cannot be a tensor's name.`);
    const begin = end;
    end += bytesIn({ dtype, shape });
    described.push([name, { dtype, shape, data_offsets: [begin, end] }]);
    return { name, dtype, shape, begin, end };
  });
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(described)));
  const headerBytes = Math.ceil(json.byteLength / PREFIX_BYTES) * PREFIX_BYTES;
  const bytes = new Uint8Array(PREFIX_BYTES + headerBytes).fill(0x20, PREFIX_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, PREFIX_BYTES);
  return { bytes, entries };
}

/** A tensor's values as a view of its bytes, or of a copy if they are misaligned. */
export function viewValues({ dtype }: Pick<Entry, "dtype">, bytes: Uint8Array): SafeTensor["values"] {
  const aligned = bytes.byteOffset % width(dtype) === 0 ? bytes : bytes.slice();
  return new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.byteLength / width(dtype));
}

/** The bytes of a tensor's values. Throws Error if their number does not match the shape. */
export function bytesOf(
  { name, shape }: Pick<Entry, "name" | "shape">,
  values: ArrayBufferView & { readonly length: number },
): Uint8Array {
  if (values.length !== elements(shape)) {
    throw new Error(
      `serialiseSafetensors: tensor '${name}' has ${values.length} values, but its shape [${shape.join(", ")}] needs ${elements(shape)}.`,
    );
  }
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function readHeader(
  read: (start: number, end: number) => Uint8Array,
  fileBytes: number,
  file: string,
): { json: Record<string, unknown>; dataStart: number } {
  if (fileBytes < PREFIX_BYTES) {
    throw new UserError(
      `${file} is not a safetensors file: it has ${fileBytes} bytes, fewer than the ${PREFIX_BYTES} that give its header's length.`,
    );
  }
  const prefix = read(0, PREFIX_BYTES);
  const length = Number(new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true));
  const dataStart = PREFIX_BYTES + length;
  if (length > LONGEST_HEADER || dataStart > fileBytes) {
    throw new UserError(
      `${file} is not a safetensors file or is truncated: its header should be ${length} bytes long, but the whole file has ${fileBytes}.`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(read(PREFIX_BYTES, dataStart)));
  } catch {
    throw new UserError(`${file} is not a safetensors file: its header is not valid JSON.`);
  }
  if (!isRecord(json)) throw new UserError(`${file} is not a safetensors file: its header is not a JSON object.`);
  return { json, dataStart };
}

function readMetadata(value: unknown, file: string): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((text) => typeof text === "string"))
    return value as Record<string, string>;
  throw new UserError(`${file}: ${METADATA} in the header must map strings to strings.`);
}

function readEntry(name: string, value: unknown, file: string): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new UserError(`${file}: tensor '${name}' needs a dtype, a shape and two data_offsets in the header.`);
  }
  if (!Object.hasOwn(arrays, dtype)) {
    throw new UserError(
      `${file}: tensor '${name}' has type ${dtype}, expected one of ${Object.keys(arrays).join(", ")}.`,
    );
  }
  const [begin, end] = offsets as [number, number];
  const expected = bytesIn({ dtype: dtype as SafeDtype, shape });
  if (end - begin !== expected) {
    throw new UserError(
      `${file}: tensor '${name}', ${dtype} [${shape.join(", ")}], needs ${expected} bytes, but its data_offsets [${begin}, ${end}] span ${end - begin}.`,
    );
  }
  return { name, dtype: dtype as SafeDtype, shape, begin, end };
}

function expectNoHoles(entries: readonly Entry[], dataBytes: number, file: string): void {
  let previousEnd = 0;
  let previousName = "the header";
  for (const { name, begin, end } of entries) {
    if (end > dataBytes) {
      throw new UserError(
        `${file}: tensor '${name}' ends at byte ${end} of the data, but there are only ${dataBytes}; the file is truncated.`,
      );
    }
    if (begin < previousEnd)
      throw new UserError(`${file}: the bytes of tensors '${previousName}' and '${name}' overlap.`);
    if (begin > previousEnd)
      throw new UserError(`${file}: ${begin - previousEnd} bytes before tensor '${name}' belong to no tensor.`);
    previousEnd = end;
    previousName = name;
  }
  if (previousEnd !== dataBytes)
    throw new UserError(`${file}: ${dataBytes - previousEnd} bytes after the last tensor belong to no tensor.`);
}

/** Size of a tensor's values in bytes. */
export const bytesIn = ({ dtype, shape }: Pick<Entry, "dtype" | "shape">): number => elements(shape) * width(dtype);

const width = (dtype: SafeDtype): number => arrays[dtype].BYTES_PER_ELEMENT;

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
