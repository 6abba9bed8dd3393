import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadCheckpoint } from "../../checkpoint/checkpoint_file.ts";
import { loadConfig } from "../../checkpoint/load_config.ts";
import { train } from "../../train/main.ts";
import { silentObserver } from "../../train/run/run_observer.ts";
import { writeSmallCorpus } from "../small_corpus.ts";
import { testDevice } from "../test_device.ts";

// Runs that start from the weights of a run with a decoder, or without one.
const device = testDevice();
const decoder = (heads: number, blocks = 1) =>
  `model.decoder={blocks: ${blocks}, heads: ${heads}, feed_forward_dim: 16}`;
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "unfold-hybrid-start-"));
  await writeSmallCorpus(folder);
  await run("hybrid", decoder(2));
  await run("alone");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** One step, at a learning rate that changes next to nothing; returns what the run said of its start. */
async function run(name: string, ...sets: string[]): Promise<string[]> {
  const messages: string[] = [];
  await train(device(), loadConfig(at("config.yaml"), ["steps=1", "optimizer.learning_rate=1e-12", ...sets]), {
    folder: at(name),
    resume: false,
    force: false,
    signal: new AbortController().signal,
    observer: { ...silentObserver, message: (text) => void messages.push(text) },
  });
  return messages.filter((text) => text.startsWith("init:"));
}

const from = (name: string): string => `init=${at(`${name}/last.safetensors`)}`;

/** The first values of a tensor of a run's last checkpoint. */
function values(name: string, tensor: string, count = Infinity): number[] {
  const { tensors, close } = loadCheckpoint(at(`${name}/last.safetensors`));
  const found = [...(tensors.get(tensor)!.values as Float32Array)].slice(0, count);
  close();
  return found;
}

const HEAD = ["ctc_lo.weight", "ctc_lo.bias"] as const;

it("a model of CTC alone takes over a hybrid's output layer, all but the end of sentences", async () => {
  expect(await run("ctc", from("hybrid"), "model.decoder=null")).toEqual([]);
  for (const tensor of HEAD) {
    const taken = values("ctc", tensor);
    expect(values("hybrid", tensor).length).toBeGreaterThan(taken.length);
    values("hybrid", tensor, taken.length).forEach((value, i) => expect(taken[i]).toBeCloseTo(value, 8));
  }
});

it("a hybrid takes over the output layer of CTC alone, and says that its decoder is new", async () => {
  expect(await run("both", from("alone"), decoder(2))).toEqual([
    `init: the decoder is newly initialised, since ${at("alone/last.safetensors")} has none`,
  ]);
  for (const tensor of HEAD) {
    const given = values("alone", tensor);
    values("both", tensor, given.length).forEach((value, i) => expect(value).toBeCloseTo(given[i]!, 8));
  }
});

it("a hybrid takes over all of a hybrid", async () => {
  expect(await run("again", from("hybrid"))).toEqual([]);
  const name = "decoder.decoders.0.src_attn.linear_q.weight";
  const given = values("hybrid", name);
  values("again", name).forEach((value, i) => expect(value).toBeCloseTo(given[i]!, 8));
});

describe("refuses", () => {
  it("a decoder with other attention heads, whose tensors would fit", async () => {
    await expect(run("refused", from("hybrid"), decoder(4))).rejects.toThrow(
      `init: the decoder of ${at("hybrid/last.safetensors")} has 2 attention heads, but the config's has 4`,
    );
  });

  it("a decoder of other blocks", async () => {
    await expect(run("refused", from("hybrid"), decoder(2, 2))).rejects.toThrow(
      /does not fit the model of the config: decoder\.decoders\.1\.self_attn\.linear_q\.weight is missing;/u,
    );
  });
});
