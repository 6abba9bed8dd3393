import { host, type HostTensor } from "../case.ts";

/** The same in both directions. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** For each element of the result, the places of its window that lie in x `[batch, height, width, channels]`. */
function windows({ shape }: HostTensor, { kernel, stride, padding }: Window): { shape: number[]; places: number[][] } {
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const outs = (n: number): number => Math.floor((n + 2 * padding - kernel) / stride) + 1;
  const [rows, columns] = [outs(height), outs(width)];
  const places: number[][] = [];
  for (let image = 0; image < batch; image++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++)
        for (let channel = 0; channel < channels; channel++) {
          const own: number[] = [];
          for (let v = row * stride - padding; v < row * stride - padding + kernel; v++)
            for (let h = column * stride - padding; h < column * stride - padding + kernel; h++)
              if (v >= 0 && v < height && h >= 0 && h < width)
                own.push(((image * height + v) * width + h) * channels + channel);
          places.push(own);
        }
  return { shape: [batch, rows, columns, channels], places };
}

const largest = (x: HostTensor, places: readonly number[]): number =>
  places.reduce((best, at) => (x.data[at]! > x.data[best]! ? at : best));

export function poolReference(average: boolean, x: HostTensor, window: Window): HostTensor {
  const { shape, places } = windows(x, window);
  return host(shape, (i) =>
    average
      ? places[i]!.reduce((sum, at) => sum + x.data[at]!, 0) / window.kernel ** 2
      : x.data[largest(x, places[i]!)]!,
  );
}

export function poolGradient(average: boolean, x: HostTensor, window: Window, dy: HostTensor): HostTensor {
  const dx = host(x.shape, () => 0);
  windows(x, window).places.forEach((own, i) => {
    if (average) for (const at of own) dx.data[at]! += dy.data[i]! / window.kernel ** 2;
    else dx.data[largest(x, own)]! += dy.data[i]!;
  });
  return dx;
}
