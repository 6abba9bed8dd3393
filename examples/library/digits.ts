// Learns to tell spoken digits apart: a convolutional network on log-mel features of digits that a synthesiser speaks.
// Three numbers may be given: how often each voice speaks each digit (the last time only for the test), voices, epochs.
import {
  AdamW,
  argmax,
  averagePool2d,
  batchNormLayer,
  conv2dLayer,
  crossEntropy,
  dropoutLayer,
  linearLayer,
  maxPool2d,
  openDevice,
  Parameters,
  read,
  relu,
  sequential,
  Tape,
  uniform,
  warmupCosine,
  type Layer,
} from "../../index.ts";
import { applyCmvn, createFbank, drawTake, loadFlite, renderTake, utteranceCmvn, VOICES } from "../../speech.ts";

const [takes = 4, voices = 5, epochs = 12] = process.argv.slice(2).map(Number);
const WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const [FRAMES, BINS, RATE, BATCH] = [64, 24, 8000, 10];

// Speech: each take has its own pitch, speed, loudness and noise. Features of FRAMES frames: longer words are cut, shorter ones padded.
const speak = await loadFlite();
const fbank = createFbank({ sampleRate: RATE, bins: BINS, frameShiftMs: 15 });
const said: { digit: number; take: number; features: Float32Array }[] = [];
for (let take = 0; take < takes; take++)
  for (const voice of VOICES.slice(0, voices))
    for (const [digit, word] of WORDS.entries()) {
      const manner = drawTake(1000 * take + 10 * VOICES.indexOf(voice) + digit, voice, [word], [15, 40]);
      const computed = fbank.compute(renderTake(speak, voice, [word], manner, RATE).samples);
      const features = new Float32Array(FRAMES * BINS);
      features.set(applyCmvn(utteranceCmvn(computed), computed).values.subarray(0, features.length));
      said.push({ digit, take, features });
    }
const [train, test] = [said.filter(({ take }) => take < takes - 1), said.filter(({ take }) => take === takes - 1)];
console.log(`spoke ${train.length} words to learn from and ${test.length} to test`);

// The network: two convolutions, each followed by the largest of every 2 x 2 places, then a choice between ten digits.
const device = await openDevice();
const parameters = new Parameters();
const pool: Layer = (tape, x) => maxPool2d(tape, x, { kernel: 2 });
const flat: Layer = (tape, x) => tape.reshape(x, [x.shape[0]!, -1]);
const network = sequential(
  conv2dLayer(parameters, "conv1", 1, 8, 3, { padding: 1 }),
  batchNormLayer(parameters, "norm1", 8),
  relu,
  pool,
  conv2dLayer(parameters, "conv2", 8, 16, 3, { padding: 1 }),
  batchNormLayer(parameters, "norm2", 16),
  relu,
  pool,
  (tape, x) => averagePool2d(tape, x, { kernel: [4, 1] }),
  flat,
  dropoutLayer("dropout", 0.3),
  linearLayer(parameters, "output", (FRAMES / 16) * (BINS / 4) * 16, 10),
);
parameters.seal(device, { seed: 1 });
const total = epochs * Math.ceil(train.length / BATCH);
const optimizer = new AdamW(parameters, {
  rate: (step) => warmupCosine(step, { peak: 0.005, warmup: total / 10, total, floor: 0 }),
});

/** Words as a tensor `[batch, frames, bins, 1]`, each some frames later than spoken. */
function features(tape: Tape, words: typeof said, later: (i: number) => number) {
  const values = new Float32Array(words.length * FRAMES * BINS);
  words.forEach((word, i) => {
    const shift = later(i) * BINS;
    values.set(word.features.subarray(0, FRAMES * BINS - shift), i * FRAMES * BINS + shift);
  });
  return tape.upload(values, [words.length, FRAMES, BINS, 1]);
}

for (let epoch = 1; epoch <= epochs; epoch++) {
  const order = train.map((word, i) => ({ word, key: uniform(epoch, i) })).sort((a, b) => a.key - b.key);
  let last = 0;
  for (let start = 0; start < order.length; start += BATCH) {
    const words = order.slice(start, start + BATCH).map(({ word }) => word);
    const tape = new Tape(device, { step: optimizer.steps });
    const targets = tape.upload(Int32Array.from(words.map(({ digit }) => digit)), [words.length]);
    const x = features(tape, words, (i) => Math.floor(8 * uniform(optimizer.steps, i)));
    const loss = crossEntropy(tape, network(tape, x), targets);
    tape.backward(loss);
    optimizer.step(tape);
    if (start + BATCH >= order.length) last = await loss.item();
    tape.end();
  }
  console.log(`epoch ${epoch}: loss ${last.toFixed(3)}`);
}

const tape = new Tape(device, { grad: false });
const x = features(tape, test, () => 4);
const guesses = await read(device, argmax(tape, network(tape, x)));
tape.end();
const right = test.filter(({ digit }, i) => digit === guesses[i]).length;
console.log(`${right} of ${test.length} test words right`);
device.close();
