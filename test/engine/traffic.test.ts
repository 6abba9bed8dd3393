import { describe, expect, it } from "vitest";
import { addInto, fill } from "../../engine/accumulate/accumulate.ts";
import { openDevice } from "../../engine/device.ts";
import { viewOf } from "../../engine/tensor.ts";
import { emptyTensor, zeroTensor } from "../../engine/transfer.ts";
import { Traffic } from "../../engine/traffic.ts";

describe("traffic", () => {
  it("counts what dispatches bind, while it is set", async () => {
    const device = await openDevice();
    const [x, y] = [zeroTensor(device, [5000]), zeroTensor(device, [5000])];
    fill({ device }, x, 1);
    const traffic = (device.traffic = new Traffic());
    fill({ device }, x, 2);
    addInto({ device }, x, y);
    device.traffic = undefined;
    fill({ device }, x, 3);
    expect(traffic).toMatchObject({ dispatches: 2, bytes: 3 * 20_000 });
    await device.finish();
    device.close();
  });

  it("counts what is bound twice once, and parts of one buffer each", async () => {
    const device = await openDevice();
    const x = emptyTensor(device, [1000]);
    const part = viewOf(x, [1000], { offset: 4096 });
    const traffic = new Traffic();
    traffic.add("double", [x, viewOf(x, [10, 100]), part]);
    expect(traffic.bytes).toBe(8000);
    device.close();
  });
});
