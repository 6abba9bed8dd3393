/** A chunk: id, length, content, and a byte of padding after an odd length. */
export function chunk(id: string, content: Uint8Array, { bytes = content.length, littleEndian = true } = {}): Buffer {
  const head = Buffer.alloc(8);
  head.write(id, "latin1");
  if (littleEndian) head.writeUInt32LE(bytes, 4);
  else head.writeUInt32BE(bytes, 4);
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)]);
}

export interface WavFields {
  readonly container?: "RIFF" | "RF64" | "BW64";
  readonly tag?: number;
  readonly channels?: number;
  readonly rate?: number;
  readonly align?: number;
  readonly bits?: number;
  /** What follows the first 16 bytes of "fmt ". */
  readonly more?: Uint8Array;
  /** The length that "data" claims. */
  readonly dataBytes?: number;
  /** Chunks before "fmt " and behind "data". */
  readonly before?: readonly Uint8Array[];
  readonly behind?: readonly Uint8Array[];
}

/** A WAV file whose header says what a test wants, true or not; by default 16 bits, mono, 8 kHz. */
export function wavFile(data: Uint8Array, fields: WavFields = {}): Buffer {
  const { container = "RIFF", tag = 1, channels = 1, rate = 8000, bits = 16, more = new Uint8Array() } = fields;
  const { align = channels * Math.ceil(bits / 8), dataBytes = data.length, before = [], behind = [] } = fields;
  const format = Buffer.alloc(16);
  format.writeUInt16LE(tag, 0);
  format.writeUInt16LE(channels, 2);
  format.writeUInt32LE(rate, 4);
  format.writeUInt32LE(rate * align, 8);
  format.writeUInt16LE(align, 12);
  format.writeUInt16LE(bits, 14);
  const chunks = [
    ...before,
    chunk("fmt ", Buffer.concat([format, more])),
    chunk("data", data, { bytes: dataBytes }),
    ...behind,
  ];
  const content = Buffer.concat([Buffer.from("WAVE"), ...chunks]);
  const whole = chunk(container, content);
  if (container !== "RIFF") whole.writeUInt32LE(0xffffffff, 4);
  return whole;
}

/** What makes "fmt " extensible: valid bits, channel mask, and the 16 bytes that name the encoding. */
export function extensible(validBits: number, encoding: number, name = "000010008000" + "00aa00389b71"): Buffer {
  const more = Buffer.alloc(24);
  more.writeUInt16LE(22, 0);
  more.writeUInt16LE(validBits, 2);
  more.writeUInt32LE(4, 4);
  more.writeUInt32LE(encoding, 8);
  more.write(name, 12, "hex");
  return more;
}

/** The chunk of RF64 with the lengths of the file and of "data", and the number of samples. */
export function ds64(data: bigint, samples: bigint, file = 0n): Buffer {
  const content = Buffer.alloc(28);
  content.writeBigUInt64LE(file, 0);
  content.writeBigUInt64LE(data, 8);
  content.writeBigUInt64LE(samples, 16);
  return chunk("ds64", content);
}

/** Integers, each in its lowest bytes, little-endian. */
export function littleEndian(values: readonly number[], bytes: number): Buffer {
  const data = Buffer.alloc(values.length * bytes);
  values.forEach((value, i) => data.writeIntLE(value, i * bytes, bytes));
  return data;
}
