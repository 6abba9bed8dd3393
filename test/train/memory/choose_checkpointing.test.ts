import { describe, expect, it } from "vitest";
import { chooseCheckpointing, continuedCheckpointing } from "../../../train/memory/choose_checkpointing.ts";
import { smallConfig } from "../small_model.ts";

const limit = { bytes: 2 ** 30, source: "test" };
const bytesOf =
  (kept: number) =>
  ({ unfold: { checkpointing } }: ReturnType<typeof smallConfig>) => {
    expect(checkpointing).toBe(false); // only keeping all is in question
    return kept;
  };

describe("where a config leaves it open", () => {
  it("keeps activations that take up to half of the memory", () => {
    expect(smallConfig().unfold.checkpointing).toBe("auto");
    const { config, message } = chooseCheckpointing(smallConfig(), limit, bytesOf(2 ** 29));
    expect([config.unfold.checkpointing, message]).toEqual([false, undefined]);
  });

  it.each([
    [2 ** 29 + 1, limit, "keeping them would take 512 MiB of 1.00 GiB"],
    [Infinity, limit, "keeping them does not fit the device"],
    [2 ** 20, null, "keeping them would take 1.00 MiB, and how much there is is not known"],
  ])("recomputes them otherwise, and says why: %s", (bytes, available, reason) => {
    const { config, message } = chooseCheckpointing(smallConfig(), available, bytesOf(bytes));
    expect(config.unfold.checkpointing).toBe(true);
    expect(message).toBe(`activations are recomputed (unfold.checkpointing), since ${reason}`);
  });

  it("goes on as the run before, which may have had another machine", () => {
    for (const said of [true, false]) {
      const earlier = smallConfig(`unfold.checkpointing=${said}`);
      expect(continuedCheckpointing(smallConfig(), earlier).unfold.checkpointing).toBe(said);
    }
  });
});

it.each([true, false])("what a config says stays: %s", (said) => {
  const config = smallConfig(`unfold.checkpointing=${said}`);
  expect(chooseCheckpointing(config, limit, bytesOf(2 ** 40))).toEqual({ config, message: undefined });
  expect(continuedCheckpointing(config, smallConfig(`unfold.checkpointing=${!said}`))).toBe(config);
});
