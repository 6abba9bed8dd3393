import { crc32, deflateSync } from "node:zlib";

/** Dark to bright: stops of a colour scale, red, green and blue. */
const STOPS = [
  [68, 1, 84],
  [59, 82, 139],
  [33, 145, 140],
  [94, 201, 98],
  [253, 231, 37],
] as const;

/**
 * A PNG of a matrix as a data URI, one pixel a value, low values dark.
 *
 * @param at the value of a pixel, 0 to 1; rows count from the top
 */
export function heatImage(width: number, height: number, at: (row: number, col: number) => number): string {
  const rows = Buffer.alloc(height * (width + 1)); // each begins with its filter: none
  for (let row = 0; row < height; row++)
    for (let col = 0; col < width; col++)
      rows[row * (width + 1) + 1 + col] = Math.round(255 * Math.min(1, Math.max(0, at(row, col))));
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // 8 bits, palette
  const chunks = [
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(Array.from({ length: 256 }, (_, i) => colour(i / 255)).flat())),
    chunk("IDAT", deflateSync(rows, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ];
  const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...chunks]);
  return `data:image/png;base64,${png.toString("base64")}`;
}

function colour(value: number): number[] {
  const place = value * (STOPS.length - 1);
  const low = Math.min(STOPS.length - 2, Math.floor(place));
  const [a, b] = [STOPS[low]!, STOPS[low + 1]!];
  return a.map((from, i) => Math.round(from + (place - low) * (b[i]! - from)));
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}
