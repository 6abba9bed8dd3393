import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { chunk, ds64, extensible, littleEndian, wavFile, type WavFields } from "./wav_file.ts";
import { readInPieces } from "./read_in_pieces.ts";

/*
 * Headers that contradict what follows them, as programs write them: each is read as it was meant, or refused in a
 * sentence; whole files and pieces agree.
 */

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "unfold-headers-"))));
afterAll(() => rm(folder, { recursive: true }));

const values = Array.from({ length: 1200 }, (_, i) => ((i * 7919) % 60000) - 30000);
const expected = Float32Array.from(values, (value) => value / 32768);
const data = littleEndian(values, 2);
/** A chunk that would be loud if it were heard. */
const noise = chunk("iXML", Buffer.alloc(2001, "<x>"));

/** A file's samples and remarks. */
async function read(bytes: Uint8Array, name = "in.wav") {
  const { samples, remarks } = await readInPieces(join(folder, name), bytes);
  return { samples, remarks };
}

describe("where the samples end", () => {
  const long = { container: "RF64", dataBytes: 0xffffffff } as const;
  const sizes = ds64(BigInt(data.length), BigInt(values.length));
  const peaks = chunk("levl", Buffer.alloc(496, 0x5f));
  const cases: Record<string, [file: Buffer, remarks?: RegExp[]]> = {
    "a chunk behind": [wavFile(data, { behind: [noise] })],
    "RF64, a chunk behind": [wavFile(data, { ...long, before: [sizes], behind: [noise] })],
    "BW64, chunks behind": [wavFile(data, { ...long, container: "BW64", before: [sizes], behind: [noise, peaks] })],
    "RF64 with ds64 and a length of its own": [
      wavFile(data, { ...long, dataBytes: data.length, before: [sizes], behind: [noise] }),
    ],
    "RF64 whose length counts the chunk behind, as FFmpeg writes it": [
      wavFile(data, { ...long, before: [ds64(BigInt(data.length + 504), 1200n)], behind: [peaks] }),
      [/^its header counts chunks behind the samples as samples$/],
    ],
    "RF64 of a pipe, with no length at all": [
      wavFile(data, { ...long, before: [ds64(0n, 0n)] }),
      [/^its header does not say how long it is \(0xffffffff bytes\), so it is read to its end$/],
    ],
    "RF64, the number of samples of another kind": [
      wavFile(data, { ...long, before: [ds64(BigInt(data.length), 600n)], behind: [noise] }),
    ],
    "RF64 whose ds64 is of another file": [
      wavFile(data, { ...long, dataBytes: data.length, before: [ds64(99_999n, 0n)], behind: [noise] }),
      [/^its header gives two lengths, 99999 and 2400 bytes; 2400 are read$/],
    ],
    "bytes behind that are no chunk": [
      wavFile(data, { behind: [Buffer.alloc(700, 0xee)] }),
      [/^700 bytes behind its samples are left out$/],
    ],
    "more samples behind, in a chunk of their own": [
      wavFile(data, { behind: [noise, chunk("data", Buffer.alloc(600, 0x5f))] }),
      [/^608 bytes behind its samples are left out$/],
    ],
    "another file behind": [
      wavFile(data, { behind: [wavFile(data)] }),
      [new RegExp(`^${wavFile(data).length} bytes behind its samples are left out$`, "u")],
    ],
    "a stray byte behind": [wavFile(data, { behind: [Buffer.alloc(1)] })],
  };
  test.each(Object.entries(cases))("%s", async (_, [file, wanted = []]) => {
    const { samples, remarks } = await read(file);
    expect(samples).toEqual(expected);
    expect(remarks).toEqual(wanted.map((remark) => expect.stringMatching(remark)));
  });

  test.each([0, 0x7f000000, 0x7fff0000, 0x7ffff000, 0x7fffffff - 44, 0x80000000, 0xffff0000, 0xffffffdb, 0xffffffff])(
    "to the end of the file if the header's length is %i, as of a stream that was never closed",
    async (dataBytes) => {
      const { samples, remarks } = await read(wavFile(data, { dataBytes }));
      expect(samples).toEqual(expected);
      const stated = dataBytes === 0 ? "0" : `0x${dataBytes.toString(16)}`;
      expect(remarks).toEqual([`its header does not say how long it is (${stated} bytes), so it is read to its end`]);
    },
  );

  test("stopped within a sample, the last whole one is the last", async () => {
    expect((await read(wavFile(data, { dataBytes: 0xffffffff }).subarray(0, -1))).samples).toEqual(
      expected.slice(0, -1),
    );
  });

  test("no samples at all, whatever chunks follow", async () => {
    await expect(read(wavFile(new Uint8Array(), { behind: [noise] }))).rejects.toThrow(/in\.wav contains no audio/);
    await expect(read(wavFile(new Uint8Array(), { dataBytes: 0xffffffff }))).rejects.toThrow(/contains no audio/);
  });

  test("other lengths beyond the end are those of a file that is cut short", async () => {
    for (const dataBytes of [2402, 1_000_000, 0x7f800000, 0xf0000000])
      await expect(read(wavFile(data, { dataBytes }))).rejects.toThrow(
        new UserError(
          `${join(folder, "in.wav")} is truncated: its header announces ${dataBytes} bytes of samples, but there are only 2400.`,
        ),
      );
  });
});

describe("how samples are stored", () => {
  /** The same 16-bit values in the upper bytes of longer ones. */
  const upper = (bytes: number) =>
    littleEndian(
      values.map((value) => value * 256 ** (bytes - 2)),
      bytes,
    );
  const float = Buffer.from(Float32Array.from(values).buffer);
  const same: Record<string, [data: Uint8Array, fields: WavFields]> = {
    "24 bits in 4 bytes": [upper(4), { bits: 24, align: 4 }],
    "20 bits in 4 bytes": [upper(4), { bits: 20, align: 4 }],
    "20 bits in 3 bytes": [upper(3), { bits: 20 }],
    "extensible: 24 of 32 bits": [upper(4), { tag: 0xfffe, bits: 32, more: extensible(24, 1) }],
    "extensible: 20 of 24 bits": [upper(3), { tag: 0xfffe, bits: 24, more: extensible(20, 1) }],
    "extensible: bits of 24 in blocks of 4": [upper(4), { tag: 0xfffe, bits: 24, align: 4, more: extensible(24, 1) }],
    "extensible: valid bits not given": [data, { tag: 0xfffe, more: extensible(0, 1) }],
    "extensible: ambisonics": [data, { tag: 0xfffe, more: extensible(16, 1, "2107d3118644c8c1ca000000") }],
    "no block align": [data, { align: 0 }],
    '"16.8 float" of Cool Edit': [float, { bits: 32, more: Uint8Array.of(2, 0, 1, 0) }],
  };
  test.each(Object.entries(same))("%s", async (_, [samples, fields]) => {
    expect(await read(wavFile(samples, fields))).toEqual({ samples: expected, remarks: [] });
  });

  test("12 bits in 2 bytes, which are the upper ones", async () => {
    const twelve = values.map((value) => value & ~15);
    const { samples } = await read(wavFile(littleEndian(twelve, 2), { bits: 12 }));
    expect(samples).toEqual(Float32Array.from(twelve, (value) => value / 32768));
  });

  const refused: Record<string, [data: Uint8Array, fields: WavFields, message: RegExp]> = {
    "24 bits in the lower bytes of 4": [
      littleEndian(values, 4),
      { bits: 24, align: 4 },
      /contradicts its header: samples of 24 bits in 4 bytes fill the upper bits, but the lower ones are not 0\.$/,
    ],
    "extensible: 16 bits in the lower bytes of 4": [
      littleEndian(values, 4),
      { tag: 0xfffe, bits: 32, more: extensible(16, 1) },
      /contradicts its header: samples of 16 bits in 4 bytes/,
    ],
    "16 bits, blocks of 4 bytes": [data, { align: 4 }, /contradicts itself: 4 bytes are not 1 samples of 16 bits\.$/],
    "16 bits, blocks of 1 byte": [data, { align: 1 }, /contradicts itself: 1 bytes are not 1 samples of 16 bits\.$/],
    "3 bytes for two channels": [data, { align: 3, channels: 2 }, /contradicts itself: 3 bytes are not 2 samples/],
    "mono's blocks for stereo": [
      data,
      { align: 2, channels: 2 },
      /contradicts itself: 2 bytes are not 2 samples of 16 bits\.$/,
    ],
    "more valid bits than bits": [
      data,
      { tag: 0xfffe, more: extensible(24, 1) },
      /contradicts itself: 2 bytes are not 1 samples of 16 bits, of which 24 are valid\.$/,
    ],
    "float of 16 bits": [data, { tag: 3 }, /unknown encoding \(format 3, 16 bits\)/],
    "extensible float of 16 bits": [
      data,
      { tag: 0xfffe, more: extensible(16, 3) },
      /unknown encoding \(format 3, 16 bits\)/,
    ],
    "float of 24 of 32 bits": [upper(4), { tag: 0xfffe, bits: 32, more: extensible(24, 3) }, /contradicts itself/],
    "float of 32 bits in 8 bytes": [
      data,
      { tag: 3, bits: 32, align: 8 },
      /contradicts itself: 8 bytes are not 1 samples/,
    ],
    "A-law of 16 bits": [data, { tag: 6 }, /unknown encoding \(format 6, 16 bits\)/],
    "A-law in 2 bytes": [
      data,
      { tag: 6, bits: 8, align: 2 },
      /contradicts itself: 2 bytes are not 1 samples of 8 bits\.$/,
    ],
    "40 bits": [data, { bits: 40 }, /unknown encoding \(format 1, 40 bits\)/],
    "no bits": [data, { bits: 0, align: 2 }, /unknown encoding \(format 1, 0 bits\)/],
    "an encoding with another name": [
      data,
      { tag: 0xfffe, more: extensible(16, 1, "aa".repeat(12)) },
      /unknown encoding \(format 65534, 16 bits\)/,
    ],
    "extensible without its encoding": [data, { tag: 0xfffe }, /unknown encoding \(format 65534, 16 bits\)/],
  };
  test.each(Object.entries(refused))("%s is refused", async (_, [samples, fields, message]) => {
    const reading = read(wavFile(samples, fields));
    await expect(reading).rejects.toThrow(UserError);
    await expect(reading).rejects.toThrow(message);
  });

  test("very many channels", async () => {
    const channels = 1000;
    const { samples } = await read(wavFile(littleEndian(new Array<number>(3000).fill(512), 2), { channels }));
    expect([...samples]).toEqual([512 / 32768, 512 / 32768, 512 / 32768]);
  });
});
