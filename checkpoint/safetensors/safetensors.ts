import { bytesOf, layOut, readLayout, viewValues, type SafeTensor } from "./header.ts";

export type { SafeDtype, SafeTensor } from "./header.ts";

/**
 * The contents of a safetensors file, the format shared by PyTorch, Hugging Face and this project's checkpoints;
 * header.ts describes its layout. Tensors are in byte order. Node runs on little-endian machines, so typed arrays read
 * the bytes directly.
 */
export interface SafeTensors {
  readonly tensors: ReadonlyMap<string, SafeTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Tensors by name, in any order. */
export type NamedTensors = ReadonlyMap<string, SafeTensor> | Readonly<Record<string, SafeTensor>>;

/**
 * Parses a whole safetensors file in memory; file.ts reads one from disk. Values are views of the bytes wherever the
 * alignment allows it.
 *
 * @param bytes the file's content; leave it unchanged as long as the tensors are used
 * @param name of the file in error messages, usually its path
 * @throws UserError if the file is truncated, malformed or contains an unsupported type
 */
export function parseSafetensors(bytes: Uint8Array, name: string): SafeTensors {
  const { entries, metadata, dataStart } = readLayout(
    (start, end) => bytes.subarray(start, end),
    bytes.byteLength,
    name,
  );
  const tensors = entries.map((entry): [string, SafeTensor] => {
    const values = viewValues(entry, bytes.subarray(dataStart + entry.begin, dataStart + entry.end));
    return [entry.name, { dtype: entry.dtype, shape: entry.shape, values } as SafeTensor];
  });
  return { tensors: new Map(tensors), metadata };
}

/**
 * Serialises tensors as the bytes of a safetensors file, see `layOut`.
 *
 * @throws Error if a tensor's values do not fill its shape, or if it is called "__metadata__"
 */
export function serialiseSafetensors(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const pieces = [...safetensorsPieces(tensors, metadata)];
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** The same in pieces: the header, then each tensor, whose values are read once, in turn. */
export function* safetensorsPieces(
  tensors: NamedTensors,
  metadata: Readonly<Record<string, string>> = {},
): Generator<Uint8Array> {
  const named =
    tensors instanceof Map ? (tensors as ReadonlyMap<string, SafeTensor>) : new Map(Object.entries(tensors));
  const { bytes, entries } = layOut(named, metadata);
  yield bytes;
  for (const entry of entries) yield bytesOf(entry, (named.get(entry.name) as SafeTensor).values);
}
