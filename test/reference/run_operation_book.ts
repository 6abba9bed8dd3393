import { describe, it } from "vitest";
import { Tape } from "../../engine/tape.ts";
import { type Tensor } from "../../engine/tensor.ts";
import { leaf, read, tensor } from "../../engine/transfer.ts";
import { testDevice } from "../test_device.ts";
import { expectClose, loadBook, type BookCase, type ReferenceTensor } from "./book.ts";

/** The inputs of a case on the device. Asking for an absent one gives undefined, as for an optional argument. */
export type Inputs = Readonly<Record<string, Tensor>>;

/** Runs an operation of the reference values with ours. Returns its outputs by the book's names. */
export type Runner<Attrs> = (tape: Tape, inputs: Inputs, attrs: Attrs) => Readonly<Record<string, Tensor>>;

/**
 * One test per case of a book: every output, then, from the given cotangents, every gradient.
 * F32 inputs that have a reference gradient become leaves, the others constants; masks (U8) become u32 tensors.
 * `covers` may leave out operations that another file runs.
 */
export function runOperationBook<Attrs = Record<string, never>>(
  name: string,
  runners: Readonly<Record<string, Runner<Attrs>>>,
): void {
  const device = testDevice();
  const book = loadBook<Attrs>(name);
  describe(name, () => {
    for (const bookCase of book.cases) {
      it(bookCase.name, async () => {
        const runner = runners[bookCase.op];
        if (!runner) throw new Error(`no runner for the operation '${bookCase.op}'`);
        await check(bookCase, runner, device());
      });
    }
  });
}

async function check<Attrs>(
  bookCase: BookCase<Attrs>,
  runner: Runner<Attrs>,
  device: ReturnType<ReturnType<typeof testDevice>>,
): Promise<void> {
  const inputs: Record<string, Tensor> = {};
  for (const [name, reference] of bookCase.inputs) {
    const data = hostArray(reference);
    inputs[name] = bookCase.grads.has(name)
      ? leaf(device, data as Float32Array, reference.shape)
      : tensor(device, data, reference.shape);
  }
  const tape = new Tape(device, { grad: bookCase.cotangents.size > 0, training: bookCase.attrs instanceof Object });
  try {
    const outputs = runner(tape, inputs, bookCase.attrs);
    for (const [name, expected] of bookCase.outputs) {
      const got = outputs[name];
      if (!got) throw new Error(`the runner of '${bookCase.op}' gave no output '${name}'`);
      expectClose(await read(device, got), expected, { shape: got.shape });
    }
    if (bookCase.cotangents.size === 0) return;
    for (const [name, dy] of bookCase.cotangents) {
      const output = outputs[name] as Tensor;
      if (output.needsGrad) tape.seedGradient(output, tape.upload(dy.values as Float32Array, dy.shape));
    }
    tape.backwardFromSeeds();
    for (const [name, expected] of bookCase.grads)
      expectClose(await read(device, inputs[name]?.grad as Tensor), expected);
  } finally {
    tape.end();
  }
}

function hostArray({ values, label }: ReferenceTensor): Float32Array | Int32Array | Uint32Array {
  if (values instanceof Uint8Array) return Uint32Array.from(values);
  if (values instanceof BigInt64Array) throw new Error(`${label}: I64 is not supported`);
  return values;
}
