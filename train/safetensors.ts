import { UserError } from "../engine/errors.ts";

/**
 * The safetensors format, which PyTorch, Hugging Face and this project's checkpoints share:
 *
 *     8 bytes   length of the header, little-endian
 *     header    JSON: { "name": { "dtype", "shape", "data_offsets": [begin, end] }, …, "__metadata__": { … } }
 *     data      the tensors' bytes, row-major and little-endian, one after another without holes
 *
 * Values come back as views of the file's bytes wherever the alignment allows it. Node runs on little-endian
 * machines, so typed arrays read the bytes as they are.
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
  readonly values: InstanceType<(typeof arrays)[D]>;
};

/** One tensor: `values` is row-major, its class follows from `dtype`; a scalar has shape []. */
export type SafeTensor = { [D in SafeDtype]: TensorOf<D> }[SafeDtype];

/** The content of one file. Tensors are in the order of their bytes. */
export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

const PREFIX_BYTES = 8;
const METADATA = "__metadata__";

/** The official reader's limit: a larger header is an attack or another kind of file. */
const LONGEST_HEADER = 100_000_000;

/**
 * Reads a whole safetensors file.
 *
 * @param bytes the file's content; keep it unchanged as long as the tensors are used
 * @param name how messages call the file, usually its path
 * @throws UserError if the file is cut short, malformed or holds a type that this project does not use
 */
export function parseSafetensors(bytes: Uint8Array, name: string): SafeTensors {
  const { header, dataStart } = readHeader(bytes, name);
  const metadata = readMetadata(header[METADATA], name);
  const entries = Object.entries(header)
    .filter(([key]) => key !== METADATA)
    .map(([key, value]) => readEntry(key, value, name))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);

  const available = bytes.byteLength - dataStart;
  const tensors = new Map<string, SafeTensor>();
  let previousEnd = 0;
  let previousName = "the header";
  for (const entry of entries) {
    const { key, begin, end } = entry;
    if (end > available) {
      throw new UserError(`${name}: tensor '${key}' ends at byte ${end} of the data, but only ${available} are there; the file is cut short.`);
    }
    if (begin < previousEnd) throw new UserError(`${name}: the bytes of tensors '${previousName}' and '${key}' overlap.`);
    if (begin > previousEnd) {
      throw new UserError(`${name}: ${begin - previousEnd} bytes before tensor '${key}' belong to no tensor.`);
    }
    tensors.set(key, viewTensor(bytes, dataStart, entry));
    previousEnd = end;
    previousName = key;
  }
  if (previousEnd !== available) {
    throw new UserError(`${name}: ${available - previousEnd} bytes after the last tensor belong to no tensor.`);
  }
  return { tensors, metadata };
}

/**
 * Writes tensors as a safetensors file. The same tensors give the same bytes, whatever order they come in:
 * widest type first, so that every tensor is aligned, then by name.
 *
 * @throws Error if a tensor's values do not fill its shape, or if it is called "__metadata__"
 */
export function serialiseSafetensors(
  tensors: ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = tensors instanceof Map ? [...(tensors as ReadonlyMap<string, SafeTensor>)] : Object.entries(tensors);
  entries.sort(([nameA, a], [nameB, b]) => width(b.dtype) - width(a.dtype) || (nameA < nameB ? -1 : 1));

  const described: [string, unknown][] = Object.keys(metadata).length > 0 ? [[METADATA, metadata]] : [];
  let dataBytes = 0;
  for (const [name, { dtype, shape, values }] of entries) {
    if (name === METADATA) throw new Error(`serialiseSafetensors: '${METADATA}' cannot be a tensor's name.`);
    if (values.length !== elements(shape)) {
      throw new Error(`serialiseSafetensors: tensor '${name}' has ${values.length} values, its shape [${shape.join(", ")}] needs ${elements(shape)}.`);
    }
    described.push([name, { dtype, shape, data_offsets: [dataBytes, dataBytes + values.byteLength] }]);
    dataBytes += values.byteLength;
  }

  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(described)));
  const headerBytes = Math.ceil(json.byteLength / PREFIX_BYTES) * PREFIX_BYTES;
  const file = new Uint8Array(PREFIX_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.fill(0x20, PREFIX_BYTES, PREFIX_BYTES + headerBytes); // spaces after the JSON align the data
  file.set(json, PREFIX_BYTES);
  let position = PREFIX_BYTES + headerBytes;
  for (const [, { values }] of entries) {
    file.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), position);
    position += values.byteLength;
  }
  return file;
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; dataStart: number } {
  if (bytes.byteLength < PREFIX_BYTES) {
    throw new UserError(`${name} is not a safetensors file: it has ${bytes.byteLength} bytes, fewer than the ${PREFIX_BYTES} of its header's length.`);
  }
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const dataStart = PREFIX_BYTES + length;
  if (length > LONGEST_HEADER || dataStart > bytes.byteLength) {
    throw new UserError(`${name} is not a safetensors file or is cut short: its header should be ${length} bytes long, the whole file has ${bytes.byteLength}.`);
  }
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(PREFIX_BYTES, dataStart)));
  } catch {
    throw new UserError(`${name} is not a safetensors file: its header is not valid JSON.`);
  }
  if (!isRecord(header)) throw new UserError(`${name} is not a safetensors file: its header is not a JSON object.`);
  return { header, dataStart };
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  if (value === undefined) return {};
  if (isRecord(value) && Object.values(value).every((text) => typeof text === "string")) return value as Record<string, string>;
  throw new UserError(`${name}: ${METADATA} in the header must map strings to strings.`);
}

interface Entry {
  key: string;
  dtype: SafeDtype;
  shape: number[];
  begin: number;
  end: number;
}

function readEntry(key: string, value: unknown, name: string): Entry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (typeof dtype !== "string" || !isSizes(shape) || !isSizes(offsets) || offsets.length !== 2) {
    throw new UserError(`${name}: tensor '${key}' needs a dtype, a shape and two data_offsets in the header.`);
  }
  if (!Object.hasOwn(arrays, dtype)) {
    throw new UserError(`${name}: tensor '${key}' has type ${dtype}, expected one of ${Object.keys(arrays).join(", ")}.`);
  }
  const [begin, end] = offsets as [number, number];
  const expected = elements(shape) * width(dtype as SafeDtype);
  if (end - begin !== expected) {
    throw new UserError(`${name}: tensor '${key}', ${dtype} [${shape.join(", ")}], needs ${expected} bytes, its data_offsets [${begin}, ${end}] give ${end - begin}.`);
  }
  return { key, dtype: dtype as SafeDtype, shape, begin, end };
}

function viewTensor(bytes: Uint8Array, dataStart: number, { dtype, shape, begin, end }: Entry): SafeTensor {
  const start = bytes.byteOffset + dataStart + begin;
  const aligned = start % width(dtype) === 0;
  const buffer = aligned ? bytes.buffer : bytes.slice(dataStart + begin, dataStart + end).buffer;
  const values = new arrays[dtype](buffer as ArrayBuffer, aligned ? start : 0, (end - begin) / width(dtype));
  return { dtype, shape, values } as SafeTensor;
}

function width(dtype: SafeDtype): number {
  return arrays[dtype].BYTES_PER_ELEMENT;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
