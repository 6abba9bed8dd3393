// A language model of characters: a causal transformer (Vaswani et al., 2017) that learns a nursery rhyme, and then writes.
// Two numbers may be given: steps of training, and characters to write.
import {
  AdamW,
  add,
  attention,
  crossEntropy,
  embeddingLayer,
  gelu,
  layerNormLayer,
  linearLayer,
  openDevice,
  Parameters,
  read,
  sequential,
  slice,
  Tape,
  topK,
  uniform,
  warmupCosine,
  type Layer,
  type Tensor,
} from "../../index.ts";

const [steps = 250, length = 160] = process.argv.slice(2).map(Number);
const TEXT = `
This is the farmer sowing his corn, that kept the cock that crowed in the morn, that waked the priest all shaven and shorn,
that married the man all tattered and torn, that kissed the maiden all forlorn, that milked the cow with the crumpled horn,
that tossed the dog, that worried the cat, that killed the rat, that ate the malt that lay in the house that Jack built.
`
  .trim()
  .replaceAll("\n", " ");
const CHARACTERS = [...new Set(TEXT)].sort();
const [CONTEXT, DIM, HEADS, BLOCKS, BATCH] = [32, 32, 4, 2, 8];

const device = await openDevice();
const parameters = new Parameters();
const characters = embeddingLayer(parameters, "characters", CHARACTERS.length, DIM);
const places = embeddingLayer(parameters, "places", CONTEXT, DIM);
const blocks = sequential(...Array.from({ length: BLOCKS }, (_, i) => block(`blocks.${i}`)));
const output = sequential(
  layerNormLayer(parameters, "norm", DIM),
  linearLayer(parameters, "output", DIM, CHARACTERS.length),
);
parameters.seal(device, { seed: 1 });
const rate = (step: number): number =>
  warmupCosine(step, { peak: 0.005, warmup: steps / 10, total: steps, floor: 0.001 });
const optimizer = new AdamW(parameters, { rate, maxGradNorm: 1 });

/** Attention to what came before, then two linear layers at each place; both are added to what they were given. */
function block(name: string): Layer {
  const [norm1, norm2] = [1, 2].map((i) => layerNormLayer(parameters, `${name}.norm${i}`, DIM)) as [Layer, Layer];
  const [query, key, value, out] = ["query", "key", "value", "out"].map((part) =>
    linearLayer(parameters, `${name}.${part}`, DIM, DIM),
  ) as [Layer, Layer, Layer, Layer];
  const feedForward = sequential(
    norm2,
    linearLayer(parameters, `${name}.wide`, DIM, 4 * DIM),
    gelu,
    linearLayer(parameters, `${name}.narrow`, 4 * DIM, DIM),
  );
  return (tape, x) => {
    const y = norm1(tape, x);
    const heard = attention(tape, query(tape, y), key(tape, y), value(tape, y), { heads: HEADS, causal: true });
    const h = add(tape, x, out(tape, heard));
    return add(tape, h, feedForward(tape, h));
  };
}

/** Characters `[batch, places]` to the scores of the next one `[batch, places, characters]`. */
function model(tape: Tape, text: Tensor): Tensor {
  const order = tape.upload(
    Int32Array.from({ length: text.shape[1]! }, (_, i) => i),
    [text.shape[1]!],
  );
  return output(tape, blocks(tape, add(tape, characters(tape, text), places(tape, order))));
}

const encoded = Int32Array.from(TEXT, (character) => CHARACTERS.indexOf(character));
for (let step = 1; step <= steps; step++) {
  const starts = Array.from({ length: BATCH }, (_, i) => Math.floor(uniform(step, i) * (encoded.length - CONTEXT)));
  const cut = (from: number): Int32Array =>
    Int32Array.from(starts.flatMap((start) => [...encoded.subarray(start + from, start + from + CONTEXT)]));
  const tape = new Tape(device, { step });
  const [text, next] = [tape.upload(cut(0), [BATCH, CONTEXT]), tape.upload(cut(1), [BATCH, CONTEXT])];
  const loss = crossEntropy(tape, model(tape, text), next);
  tape.backward(loss);
  optimizer.step(tape);
  if (step % 50 === 0 || step === 1) console.log(`step ${step}: loss ${(await loss.item()).toFixed(3)}`);
  tape.end();
}

// Writing: the likeliest next character, again and again.
const written = [...encoded.subarray(0, CONTEXT)];
while (written.length < length) {
  const tape = new Tape(device, { grad: false });
  const scores = model(tape, tape.upload(Int32Array.from(written.slice(-CONTEXT)), [1, CONTEXT]));
  const { indices } = topK(tape, slice(tape, scores, [0, -1, 0], [1, CONTEXT, CHARACTERS.length]), 1);
  written.push((await read(device, indices))[0]!);
  tape.end();
}
console.log(written.map((i) => CHARACTERS[i]).join(""));
device.close();
