// Drawing on a canvas. All panels share one time axis: it begins after a gutter for labels, and ends at the right edge.
import type { Span } from "../../protocol.ts";
import type { Colours } from "./colours.ts";

/** Width of the gutter in CSS pixels. */
export const GUTTER = 28;

export interface Panel {
  readonly context: CanvasRenderingContext2D;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly colours: Colours;
}

/** The sound's samples: for each column of pixels, a line from the least to the greatest. */
export function drawWaveform({ context, width, height, colours }: Panel, samples: Float32Array): void {
  const columns = Math.max(1, Math.floor(width - GUTTER));
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 1e-4);
  context.fillStyle = colours.accent;
  for (let column = 0; column < columns; column++) {
    const [from, to] = [column, column + 1].map((at) => Math.floor((at * samples.length) / columns)) as [
      number,
      number,
    ];
    let [low, high] = [Infinity, -Infinity];
    for (let i = from; i < Math.max(to, from + 1); i++) {
      low = Math.min(low, samples[i] as number);
      high = Math.max(high, samples[i] as number);
    }
    const y = (value: number): number => (1 - value / loudest) * (height / 2);
    context.fillRect(GUTTER + column, y(high), 1, Math.max(1, y(low) - y(high)));
  }
}

/** A matrix as an image, one cell an element: columns are time, row 0 is at the bottom if `upwards`. */
export interface HeatMap {
  /** `[columns, rows]` */
  readonly values: Float32Array;
  readonly columns: number;
  readonly rows: number;
  /** Seconds that the columns span, of `total` seconds of the axis. */
  readonly seconds: number;
  readonly total: number;
  readonly upwards: boolean;
  /** 0 to 1, drawn from the ground's colour to the ink's. */
  readonly shade: (value: number) => number;
}

export function drawHeatMap({ context, width, height, colours }: Panel, map: HeatMap): void {
  const { values, columns, rows, seconds, total, upwards, shade } = map;
  const image = new ImageData(columns, rows);
  const [low, high] = [colours.raised, colours.accent].map(channels) as [number[], number[]];
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < rows; row++) {
      const level = shade(values[column * rows + row] as number);
      const pixel = 4 * ((upwards ? rows - 1 - row : row) * columns + column);
      for (let c = 0; c < 3; c++)
        image.data[pixel + c] = (low[c] as number) + level * ((high[c] as number) - (low[c] as number));
      image.data[pixel + 3] = 255;
    }
  const cells = new OffscreenCanvas(columns, rows);
  cells.getContext("2d")?.putImageData(image, 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(cells, GUTTER, 0, ((width - GUTTER) * seconds) / total, height);
}

/** Labels of a heat map's rows, from the top. */
export function drawRowLabels({ context, height, colours }: Panel, labels: readonly string[]): void {
  const row = height / labels.length;
  context.fillStyle = colours.soft;
  context.font = `${Math.min(12, row)}px ui-monospace, monospace`;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [i, label] of labels.entries()) context.fillText(label, GUTTER - 6, (i + 0.5) * row, GUTTER - 6);
}

/** The alignment over a heat map: a frame round each label's cells, and lines that join them. */
export function drawAlignment(
  { context, width, height, colours }: Panel,
  spans: readonly Span[],
  { columns, rows, seconds, total }: HeatMap,
): void {
  const column = ((width - GUTTER) * seconds) / total / columns;
  const row = height / rows;
  context.strokeStyle = colours.ink;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [i, { label, from, to }] of spans.entries()) {
    const [x, y] = [GUTTER + from * column, label * row];
    if (i > 0) context.lineTo(x, y + row / 2);
    context.rect(x, y + 0.5, (to - from) * column, row - 1);
    context.moveTo(GUTTER + to * column, y + row / 2);
  }
  context.stroke();
}

/** Seconds along the axis. */
export function drawSeconds({ context, width, height, colours }: Panel, total: number): void {
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((size) => ((width - GUTTER) * size) / total >= 48) ?? 10;
  context.fillStyle = colours.soft;
  context.font = "12px system-ui, sans-serif";
  context.textBaseline = "bottom";
  for (let time = 0; time < total; time += step) {
    const x = GUTTER + ((width - GUTTER) * time) / total;
    context.fillRect(x, 0, 1, 4);
    context.textAlign = time === 0 ? "left" : "center";
    context.fillText(`${Number(time.toFixed(1))} s`, x, height);
  }
}

/** Red, green and blue of `rgb(1, 2, 3)`. */
const channels = (colour: string): number[] => (colour.match(/[\d.]+/gu) ?? []).slice(0, 3).map(Number);
