import { host, type HostTensor } from "../case.ts";

/**
 * y = (x - μ) / √(σ² + ε) · scale + shift, with the mean μ and the population variance σ² of each row.
 * Source: Ba, Kiros, Hinton, "Layer Normalization", 2016.
 */
export function layerNormReference(x: HostTensor, scale: HostTensor, shift: HostTensor, eps: number): HostTensor {
  const cols = scale.data.length;
  return host(x.shape, (i) => {
    const { mean, rstd } = statistics(x, Math.floor(i / cols), cols, eps);
    return (at(x, i) - mean) * rstd * at(scale, i % cols) + at(shift, i % cols);
  });
}

/**
 * With x̂ = (x - μ) · rstd and g = dy · scale:  dx = rstd · (g - mean(g) - x̂ · mean(g · x̂)),
 * dscale = Σ_rows dy · x̂,  dshift = Σ_rows dy.
 */
export function layerNormGradients(x: HostTensor, scale: HostTensor, dy: HostTensor, eps: number) {
  const cols = scale.data.length;
  const dx = host(x.shape, () => 0);
  const dscale = host([cols], () => 0);
  const dshift = host([cols], () => 0);
  for (let row = 0; row < x.data.length / cols; row++) {
    const { mean, rstd } = statistics(x, row, cols, eps);
    let meanG = 0;
    let meanGX = 0;
    for (let col = 0; col < cols; col++) {
      const i = row * cols + col;
      const xHat = (at(x, i) - mean) * rstd;
      dscale.data[col]! += at(dy, i) * xHat;
      dshift.data[col]! += at(dy, i);
      meanG += (at(dy, i) * at(scale, col)) / cols;
      meanGX += (at(dy, i) * at(scale, col) * xHat) / cols;
    }
    for (let col = 0; col < cols; col++) {
      const i = row * cols + col;
      dx.data[i] = rstd * (at(dy, i) * at(scale, col) - meanG - (at(x, i) - mean) * rstd * meanGX);
    }
  }
  return { x: dx, scale: dscale, shift: dshift };
}

function statistics(x: HostTensor, row: number, cols: number, eps: number) {
  const values = x.data.subarray(row * cols, (row + 1) * cols);
  const mean = values.reduce((sum, v) => sum + v, 0) / cols;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / cols;
  return { mean, rstd: 1 / Math.sqrt(variance + eps) };
}

const at = (x: HostTensor, i: number): number => x.data[i] as number;
