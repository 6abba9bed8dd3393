import { defineKernel, spread } from "../../engine/kernel/kernel.ts";
import type { Tape } from "../../engine/tape.ts";
import type { Tensor } from "../../engine/tensor.ts";
import { addToBias, addToPacked, packWeight, type Filter } from "./packed_weight.ts";
import { tileOf, WORKGROUPS, type TileVariant } from "./variant.ts";

/** The sizes that all kernels of convolutions over two axes begin with. */
export const geometry = {
  batch: "u32",
  height: "u32",
  width: "u32",
  channels: "u32",
  out_height: "u32",
  out_width: "u32",
  outs: "u32",
  kernel_height: "u32",
  kernel_width: "u32",
  stride: "u32",
} as const;

/** The same with one padding for both axes. */
export const paddedGeometry = { ...geometry, padding: "u32" } as const;

export type PaddedGeometry = Readonly<Record<keyof typeof paddedGeometry, number>>;

/** A convolution over two axes, alike except for sizes and padding; one over time has a height of 1. */
export interface Convolution {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly out_height: number;
  readonly out_width: number;
  readonly outs: number;
  readonly kernel_height: number;
  readonly kernel_width: number;
  readonly stride: number;
  readonly padding_height: number;
  readonly padding_width: number;
  readonly dilation: number;
  readonly groups: number;
}

const tileGeometry = {
  ...geometry,
  padding_height: "u32",
  padding_width: "u32",
  dilation: "u32",
  groups: "u32",
} as const;

/** The fewest positions worth a chunk in the sums of a parameter's gradient, and the most bytes of all chunks' sums. */
const [LEAST_CHUNK, MAX_PARTIAL_BYTES] = [128, 2 ** 27];

/** Multiply-adds, of the padding too: the same forward and backward. */
const workOf = ({
  batch,
  out_height,
  out_width,
  outs,
  kernel_height,
  kernel_width,
  channels,
  groups,
}: Convolution): number => batch * out_height * out_width * outs * kernel_height * kernel_width * (channels / groups);

const slide = {
  bindings: { source: "read", weight: "read", bias: "read", result: "read_write" },
  sizes: { ...tileGeometry, has_bias: "u32", relu: "u32" },
  work: workOf,
} as const;

/** One workgroup per tile; backward, tiles for each remainder that a position can have modulo stride. */
function slideGroups(conv: Convolution, backward: boolean, tile: number) {
  const { batch, height, width, out_height, out_width, stride, groups } = conv;
  const cols = (backward ? conv.channels : conv.outs) / groups;
  const rows = batch * (backward ? Math.ceil(height / stride) * Math.ceil(width / stride) : out_height * out_width);
  const phases = backward ? Math.min(stride, height) * Math.min(stride, width) : 1;
  return [Math.ceil(cols / tile) * groups * phases, ...spread(rows, tile)] as const;
}

const slideTile = defineKernel({
  ...slide,
  file: new URL("./workgroup_tile.wgsl", import.meta.url),
  constants: ["TILE", "BACKWARD", "UNROLL"],
  workgroups: (sizes, { TILE, BACKWARD }) => slideGroups(sizes, Boolean(BACKWARD), Number(TILE)),
});

const slideAny = defineKernel({
  ...slide,
  file: new URL("./workgroup_tile_any.wgsl", import.meta.url),
  constants: ["BACKWARD"],
  workgroups: (sizes, { BACKWARD }) => slideGroups(sizes, Boolean(BACKWARD), 32),
});

const params = {
  bindings: { x: "read", dy: "read", partial: "read_write" },
  sizes: { ...tileGeometry, chunk: "u32" },
  work: workOf,
} as const;

const weightTiles = (
  { kernel_height, kernel_width, channels, outs, groups }: Convolution,
  tile: number,
): [number, number] => [
  Math.ceil(outs / groups / tile) * groups,
  Math.ceil((kernel_height * kernel_width * channels) / groups / tile),
];

const positionsOf = ({ batch, out_height, out_width }: Convolution): number => batch * out_height * out_width;

const paramsTile = defineKernel({
  ...params,
  file: new URL("./workgroup_tile_params.wgsl", import.meta.url),
  constants: ["TILE", "UNROLL"],
  workgroups: (sizes, { TILE }) => [...weightTiles(sizes, Number(TILE)), Math.ceil(positionsOf(sizes) / sizes.chunk)],
});

const paramsAny = defineKernel({
  ...params,
  file: new URL("./workgroup_tile_params_any.wgsl", import.meta.url),
  workgroups: (sizes) => [...weightTiles(sizes, 32), Math.ceil(positionsOf(sizes) / sizes.chunk)],
});

const ofGroup = ({ kernel_height, kernel_width, channels, outs, groups }: Convolution): Filter => ({
  taps: kernel_height * kernel_width,
  channels: channels / groups,
  outs: outs / groups,
  groups,
});

/** y from x, or with `backward` dx from dy. The weight's f32 values are rounded where the tape's activations are f16. */
export function slideTiles(
  tape: Tape,
  variant: TileVariant,
  conv: Convolution,
  weight: Tensor,
  source: Tensor,
  result: Tensor,
  { backward = false, bias, relu = false }: { backward?: boolean; bias?: Tensor | undefined; relu?: boolean } = {},
): void {
  const bindings = {
    source,
    weight: packWeight(tape, ofGroup(conv), weight, backward),
    bias: bias ?? tape.empty([4]),
    result,
  };
  const sizes = { ...conv, has_bias: Number(bias !== undefined), relu: Number(relu) };
  if (variant === "workgroup_tile_any") slideAny.encode(tape, bindings, sizes, { BACKWARD: backward });
  else
    slideTile.encode(tape, bindings, sizes, {
      BACKWARD: backward,
      TILE: tileOf(variant),
      UNROLL: !tape.device.isSoftware,
    });
}

/** Adds to the gradients of weight and bias, where needed. */
export function addParamTiles(
  tape: Tape,
  variant: TileVariant,
  conv: Convolution,
  x: Tensor,
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
): void {
  const rows = positionsOf(conv);
  if (weight.needsGrad) {
    const [across, down] = weightTiles(conv, tileOf(variant));
    const most = Math.min(Math.ceil(rows / LEAST_CHUNK), Math.floor(MAX_PARTIAL_BYTES / weight.bytes), 65535);
    const wanted = Math.max(1, Math.min(most, Math.floor(WORKGROUPS[variant] / (across * down))));
    const chunk = Math.ceil(rows / wanted / 16) * 16;
    const partial = tape.empty([Math.ceil(rows / chunk), weight.size]);
    if (variant === "workgroup_tile_any") paramsAny.encode(tape, { x, dy, partial }, { ...conv, chunk }, {});
    else
      paramsTile.encode(
        tape,
        { x, dy, partial },
        { ...conv, chunk },
        { TILE: tileOf(variant), UNROLL: !tape.device.isSoftware },
      );
    addToPacked(tape, ofGroup(conv), partial, weight);
  }
  if (bias?.needsGrad) addToBias(tape, dy, bias);
}
