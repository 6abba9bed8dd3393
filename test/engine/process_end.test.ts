import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { build, node, ROOT } from "../built.ts";

/** Runs a program with the built library, which must end by itself, with nothing on stderr. */
const run = (program: string) =>
  node([
    "--input-type=module",
    "-e",
    `import { leaf, mean, openDevice, read, square, Tape, zeroTensor } from "${pathToFileURL(`${ROOT}dist/index.js`).href}";\n${program}`,
  ]);

beforeAll(build);

describe("a process ends by itself once its devices are closed", () => {
  it("with work done, work under way and work that was never submitted", async () => {
    const program = `
      const device = await openDevice();
      const x = leaf(device, [3], [1]);
      const tape = new Tape(device);
      tape.backward(mean(tape, square(tape, x)));
      console.log((await read(device, x.grad))[0]);
      read(device, x).catch((error) => console.log(error.message));
      zeroTensor(device, [1000]);
      device.close();`;
    expect(await run(program)).toEqual({ status: 0, stdout: "6\nthe device was closed\n", stderr: "" });
  });

  it("with two of them", async () => {
    const program = `
      const [a, b] = await Promise.all([openDevice(), openDevice()]);
      a.close();
      console.log((await read(b, zeroTensor(b, [1])))[0]);
      b.close();`;
    expect(await run(program)).toEqual({ status: 0, stdout: "0\n", stderr: "" });
  });

  it("after errors on the device, which print nothing", async () => {
    const program = `
      const device = await openDevice();
      device.gpu.createBuffer({ size: 4, usage: 0 }); // refused
      await device.finish().catch((error) => console.log(error.name));
      device.gpu.destroy();
      await read(device, zeroTensor(device, [1])).catch((error) => console.log(error.name));
      device.close();`;
    expect(await run(program)).toEqual({ status: 0, stdout: "RunError\nRunError\n", stderr: "" });
  });
});
