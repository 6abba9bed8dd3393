// Fits a small network to one period of a sine: forward, loss, backward, update, 200 times.
import {
  AdamW,
  linearLayer,
  mean,
  openDevice,
  Parameters,
  sequential,
  square,
  sub,
  Tape,
  tanh,
  tensor,
} from "../../index.ts";

const device = await openDevice();
const parameters = new Parameters();
const network = sequential(linearLayer(parameters, "hidden", 1, 32), tanh, linearLayer(parameters, "output", 32, 1));
parameters.seal(device, { seed: 1 });
const optimizer = new AdamW(parameters, { rate: 0.02 });

const points = Array.from({ length: 64 }, (_, i) => (2 * Math.PI * i) / 64 - Math.PI);
const x = tensor(device, points, [64, 1]);
const wanted = tensor(device, points.map(Math.sin), [64, 1]);

for (let step = 1; step <= 200; step++) {
  const tape = new Tape(device);
  const loss = mean(tape, square(tape, sub(tape, network(tape, x), wanted)));
  tape.backward(loss);
  optimizer.step(tape);
  if (step % 50 === 0 || step === 1) console.log(`step ${step}: loss ${(await loss.item()).toFixed(5)}`);
  tape.end();
}
device.close();
