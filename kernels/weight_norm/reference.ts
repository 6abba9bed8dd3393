import { host, type HostTensor } from "../case.ts";

/** weight[…, k] = gain[k] · v[…, k] / ‖v[…, k]‖, with one norm over all elements with the same k. */
export function weightNormReference(v: HostTensor, gain: HostTensor): HostTensor {
  const norms = columnNorms(v);
  return host(v.shape, (i) => (gain.data[i % norms.length]! * v.data[i]!) / norms[i % norms.length]!);
}

/** With n = ‖v‖ and dot = Σ dw · v of each k:  dv = gain / n · (dw - v · dot / n²),  dgain = dot / n. */
export function weightNormGradients(v: HostTensor, gain: HostTensor, dweight: HostTensor) {
  const norms = columnNorms(v);
  const kernel = norms.length;
  const dot = new Float64Array(kernel);
  v.data.forEach((value, i) => (dot[i % kernel]! += value * dweight.data[i]!));
  return {
    v: host(v.shape, (i) => {
      const k = i % kernel;
      return (gain.data[k]! / norms[k]!) * (dweight.data[i]! - (v.data[i]! * dot[k]!) / norms[k]! ** 2);
    }),
    gain: host(gain.shape, (k) => dot[k]! / norms[k]!),
  };
}

function columnNorms(v: HostTensor): Float64Array {
  const squares = new Float64Array(v.shape.at(-1)!);
  v.data.forEach((value, i) => (squares[i % squares.length]! += value * value));
  return squares.map(Math.sqrt);
}
