import { host, type HostTensor } from "../case.ts";
import { conv1dGradients, conv1dReference, type Conv1dGeometry } from "../conv1d/reference.ts";
import { normalDistribution } from "../pointwise/reference.ts";
import { weightNormGradients, weightNormReference } from "../weight_norm/reference.ts";

/** gelu(conv1d(x, gain · v / ‖v‖) + bias), with gelu(z) = z · Φ(z). */
export function positionalConvReference(
  x: HostTensor,
  v: HostTensor,
  gain: HostTensor,
  bias: HostTensor,
  groups: number,
): HostTensor {
  const z = conv1dReference(x, weightNormReference(v, gain), bias, geometryOf(v, groups));
  return host(z.shape, (i) => z.data[i]! * normalDistribution(z.data[i]!));
}

/** The chain rule through all three, with gelu'(z) = Φ(z) + z · φ(z). */
export function positionalConvGradients(
  x: HostTensor,
  v: HostTensor,
  gain: HostTensor,
  bias: HostTensor,
  dy: HostTensor,
  groups: number,
) {
  const geometry = geometryOf(v, groups);
  const weight = weightNormReference(v, gain);
  const z = conv1dReference(x, weight, bias, geometry);
  const density = (value: number) => Math.exp(-(value ** 2) / 2) / Math.sqrt(2 * Math.PI);
  const dz = host(z.shape, (i) => dy.data[i]! * (normalDistribution(z.data[i]!) + z.data[i]! * density(z.data[i]!)));
  const { x: dx, weight: dweight, bias: dbias } = conv1dGradients(x, weight, dz, geometry);
  return { x: dx, bias: dbias, ...weightNormGradients(v, gain, dweight) };
}

function geometryOf(v: HostTensor, groups: number): Conv1dGeometry {
  const kernel = v.shape[2]!;
  const before = Math.floor(kernel / 2);
  return { stride: 1, padding: [before, kernel - 1 - before], dilation: 1, groups };
}
