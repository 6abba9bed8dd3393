import { describe, expect, it } from "vitest";
import { addInto, fill } from "../../engine/accumulate/accumulate.ts";
import { dryDevice } from "../../engine/dry_device.ts";
import { Tape } from "../../engine/tape.ts";
import { release } from "../../engine/tensor.ts";
import { emptyTensor, read, readLater, tensor, zeroTensor } from "../../engine/transfer.ts";
import { encodeProduct } from "../../kernels/matmul/product.ts";
import { testDevice } from "../test_device.ts";

const device = testDevice();
const values = async (x: Parameters<typeof read>[1]): Promise<number[]> => [...(await read(device(), x))];

describe("recorder", () => {
  it("runs uploads, copies, clears and dispatches in the order they were encoded", async () => {
    const on = { device: device() };
    const { recorder } = device();
    const [x, y] = [emptyTensor(device(), [2]), emptyTensor(device(), [2])];
    recorder.upload(Float32Array.of(1, 2), x.storage.buffer, 0);
    recorder.copy(x.storage.buffer, 0, y.storage.buffer, 0, 8); // y = 1, 2
    recorder.upload(Float32Array.of(10, 20), x.storage.buffer, 0);
    addInto(on, x, y); // y = 11, 22
    recorder.clear(x.storage.buffer, 0, 4); // x = 0, 20
    addInto(on, x, y); // y = 11, 42
    recorder.upload(Float32Array.of(5), x.storage.buffer, 4); // x = 0, 5
    expect(await values(y)).toEqual([11, 42]);
    expect(await values(x)).toEqual([0, 5]);
  });

  it("keeps the old contents for earlier commands when a pooled buffer is used again", async () => {
    const first = tensor(device(), [1, 2], [2]);
    const kept = zeroTensor(device(), [2]);
    addInto({ device: device() }, first, kept);
    release(first);
    const second = tensor(device(), [7, 8], [2]);
    addInto({ device: device() }, second, kept);
    expect(await values(kept)).toEqual([8, 10]);
  });

  it("copies the host's data at once: changing the array afterwards changes nothing", async () => {
    const data = Float32Array.of(1, 2);
    const x = tensor(device(), data, [2]);
    data.fill(9);
    expect(await values(x)).toEqual([1, 2]);
  });

  it("takes a view of a larger array, and an upload of nothing", async () => {
    const x = tensor(device(), Float32Array.of(1, 2, 3, 4).subarray(1, 3), [2]);
    expect(await values(x)).toEqual([2, 3]);
    expect(await values(tensor(device(), [], [0]))).toEqual([]);
  });

  it("submits by itself after 128 commands, at a dispatch", async () => {
    await device().finish();
    const { recorder } = device();
    const { dispatches } = recorder;
    let { submits } = recorder;
    const x = tensor(device(), [1], [1]);
    recorder.flush();
    submits = recorder.submits;
    recorder.clear(x.storage.buffer, 0, 4);
    recorder.upload(Float32Array.of(2), x.storage.buffer, 0);
    for (let i = 0; i < 125; i++) fill({ device: device() }, x, i);
    expect(recorder.submits - submits).toBe(0);
    fill({ device: device() }, x, 127);
    expect(recorder.submits - submits).toBe(1);
    for (let i = 0; i < 300; i++) fill({ device: device() }, x, i);
    expect([recorder.submits - submits, recorder.dispatches - dispatches]).toEqual([3, 426]);
    recorder.flush();
    recorder.flush(); // nothing to submit
    expect(recorder.submits - submits).toBe(4);
    expect(await values(x)).toEqual([299]);
  });

  it("submits what is long by itself, before a dispatch that would make it longer", async () => {
    const { recorder } = device();
    recorder.flush();
    const { submits } = recorder;
    const dry = dryDevice(device());
    const product = (size: number): void => {
      const tape = new Tape(dry, { grad: false });
      const x = tape.empty([size, size]);
      encodeProduct(tape, x, x, tape.empty([size, size]), { rows: size, cols: size, inner: size });
      tape.end();
    };
    const after = (sizes: readonly number[]): number[] => sizes.map((size) => (product(size), dry.recorder.submits));
    // 2³⁵ multiply-adds a submission: two of 2048³ (2³³) and one of 2896³ (0.7 · 2³⁵) are too many, and one of 4096³ (2³⁶) is by itself.
    expect(after([2048, 2048, 2896, 4096, 2048, 2048, 2048, 2048, 2048])).toEqual([0, 0, 1, 2, 3, 3, 3, 3, 4]);
    // Moving counts as well: a fill of 2²⁵ elements as much as 2²⁹.
    dry.recorder.flush();
    const long = emptyTensor(dry, [2 ** 25]);
    for (let i = 0; i < 65; i++) fill({ device: dry }, long, 0);
    expect(dry.recorder.submits).toBe(6);
    expect(recorder.submits).toBe(submits);
  });

  it("readLater waits for a submission that comes by itself", async () => {
    const x = tensor(device(), [3], [1]);
    let settled = false;
    const later = readLater(device(), x).then((data) => {
      settled = true;
      return [...data];
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(settled).toBe(false);
    device().recorder.flush();
    expect(await later).toEqual([3]);
  });

  it("calls back after the submission, or at the next flush when nothing is encoded", () => {
    const calls: string[] = [];
    device().recorder.flush();
    zeroTensor(device(), [1]);
    device().recorder.afterSubmit(() => calls.push("after"));
    expect(calls).toEqual([]);
    device().recorder.flush();
    device().recorder.flush();
    expect(calls).toEqual(["after"]);
  });
});
