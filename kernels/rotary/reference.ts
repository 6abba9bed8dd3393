import { host, type HostTensor } from "../case.ts";

/**
 * With a = frame · base^(-2i / width):  y_i = x_i cos a - x_{i + width / 2} sin a  for i < width / 2, and
 * y_{i + width / 2} = x_{i + width / 2} cos a + x_i sin a. Source: Su et al., "RoFormer", 2021, equation 34, with
 * the pairs half a head apart as in GPT-NeoX.
 */
export function rotaryReference(x: HostTensor, base: number): HostTensor {
  return turned(x, base, 1);
}

/** A rotation's transpose is the rotation back. */
export function rotaryGradients(dy: HostTensor, base: number) {
  return { x: turned(dy, base, -1) };
}

function turned(x: HostTensor, base: number, direction: number): HostTensor {
  const [, frames, heads, width] = x.shape as [number, number, number, number];
  const half = width / 2;
  return host(x.shape, (at) => {
    const feature = at % width;
    const i = feature % half;
    const frame = Math.floor(at / width / heads) % frames;
    const angle = direction * frame * base ** (-i / half);
    const first = x.data[at - feature + i] as number;
    const second = x.data[at - feature + i + half] as number;
    return feature < half
      ? first * Math.cos(angle) - second * Math.sin(angle)
      : second * Math.cos(angle) + first * Math.sin(angle);
  });
}
