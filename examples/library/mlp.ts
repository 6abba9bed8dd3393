// Fits a small network to one period of a sine: forward, loss, backward, update, 200 times.
import {
  declareLinear,
  linear,
  mean,
  openDevice,
  optimizerStep,
  Parameters,
  read,
  square,
  sub,
  Tape,
  tensor,
} from "../../index.ts";

const device = await openDevice();
const parameters = new Parameters();
const hidden = declareLinear(parameters, "hidden", 1, 32);
const output = declareLinear(parameters, "output", 32, 1);
parameters.seal(device, { seed: 1 });

const points = Array.from({ length: 64 }, (_, i) => (2 * Math.PI * i) / 64 - Math.PI);
const x = tensor(device, points, [64, 1]);
const wanted = tensor(device, points.map(Math.sin), [64, 1]);

for (let step = 1; step <= 200; step++) {
  const tape = new Tape(device);
  const h = linear(tape, x, hidden.weight, hidden.bias, "tanh");
  const y = linear(tape, h, output.weight, output.bias);
  const loss = mean(tape, square(tape, sub(tape, y, wanted)));
  tape.backward(loss);
  optimizerStep(tape, parameters, { betas: [0.9, 0.99], eps: 1e-8, weightDecay: 0, maxGradNorm: 1 }, 0.02, step);
  if (step % 50 === 0 || step === 1) console.log(`step ${step}: loss ${(await read(device, loss))[0]?.toFixed(5)}`);
  tape.end();
}
device.close();
