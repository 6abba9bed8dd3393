// An operation of one's own, with its gradient: the squared rectifier of own_kernel.wgsl, beside this file.
import { defineKernel, leaf, openDevice, read, spread, sum, Tape, type Tensor } from "../../index.ts";

// The declaration is checked against the shader when the kernel first runs: names, order, access and types.
const kernel = defineKernel({
  file: new URL("./own_kernel.wgsl", import.meta.url),
  bindings: { x: "read", dy: "read", y: "read_write" },
  sizes: { count: "u32" },
  constants: ["BACKWARD"],
  workgroups: ({ count }) => spread(count, 64),
});

/** max(x, 0)². */
function squaredRelu(tape: Tape, x: Tensor): Tensor {
  const count = x.size;
  const y = tape.empty(x.shape);
  kernel.encode(tape, { x, dy: x, y }, { count }, { BACKWARD: false }); // forward reads no dy, so x stands for it
  // What the rule below reads, x, is listed as saved: it stays until the rule has run.
  return tape.record("squaredRelu", [x], y, [x], (dy) => {
    const dx = tape.empty(x.shape);
    kernel.encode(tape, { x, dy, y: dx }, { count }, { BACKWARD: true });
    return [dx];
  });
}

const device = await openDevice();
const x = leaf(device, [-2, -0.5, 0.5, 3], [4]);
const tape = new Tape(device);
const y = squaredRelu(tape, x);
tape.backward(sum(tape, y));
console.log("y ", [...(await read(device, y))]);
console.log("dx", [...(await read(device, x.grad!))]);
tape.end();
device.close();
