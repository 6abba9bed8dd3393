import { conv1d } from "../../../../kernels/conv1d/conv1d.ts";
import { depthwiseConv } from "../../../../kernels/depthwise_conv/depthwise_conv.ts";
import { permute } from "../../../../kernels/shaping/shaping.ts";
import { runOperationBook } from "../../run_operation_book.ts";

runOperationBook<{ stride: number; padding: number; dilation: number; groups: number }>("ops/conv1d", {
  // Of these convolutions the depthwise ones that keep every frame; the others are conv1d's.
  conv1d: (tape, { x, weight, bias }, attrs) => {
    const [channels, width, kernel] = weight!.shape as [number, number, number];
    const isDepthwise = attrs.groups === channels && width === 1 && attrs.stride === 1 && attrs.dilation === 1;
    const keepsFrames = kernel % 2 === 1 && attrs.padding === (kernel - 1) / 2;
    const input = permute(tape, x!, [0, 2, 1]);
    const y =
      isDepthwise && keepsFrames
        ? depthwiseConv(tape, input, weight!, bias)
        : conv1d(tape, input, weight!, bias, attrs);
    return { y: permute(tape, y, [0, 2, 1]) };
  },
});
