import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, inject, it } from "vitest";
import { parseCheckpoint } from "../../../checkpoint/checkpoint.ts";
import { openRecording } from "../../../data/audio/open_recording.ts";
import { openDevice } from "../../../engine/device.ts";
import { recogniserOf } from "../../../recognition/recogniser.ts";
import type { DepthResult } from "../../../web/protocol.ts";
import { unfoldAll } from "../../../web/worker/unfold_all.ts";
import { clipFile } from "./shipped.ts";
import { atRest, visit } from "./visit.ts";

/** Depths to compare: the seed's, and one that shares no last layer with it. */
const DEPTHS = [2, 6];
const CLIP = 2;
const SEED = "web/public/seed/seed.safetensors";

/** Measured: 0, so that other versions of SwiftShader may still round differently. In nats. */
const TOLERANCE = 1e-5;

/** An optional package, which holds a SwiftShader for Node. */
function hasBundledDriver(): boolean {
  try {
    createRequire(import.meta.url).resolve("@sparticuz/chromium");
    return true;
  } catch {
    return false;
  }
}

interface Heard {
  readonly text: string;
  readonly logProbs: number[];
}

/** The log-probabilities of a recording in a worker of its own, from the page's files. */
async function inThePage(samples: Float32Array): Promise<{ device: string; heard: Heard[] }> {
  const { browser, page, requests } = await visit();
  await atRest(page);
  const file = requests.find((request) => /\/worker-[\w-]+\.js$/u.test(request))!.replace("GET ", "");
  const found = await page.evaluate<{ device: string; heard: Heard[] }>(`(async () => {
    const worker = new Worker(${JSON.stringify(file)}, { type: "module" });
    let id = 0;
    const call = (call, args) => new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.result));
      worker.postMessage({ id: id++, call, args });
    });
    const device = await call("open", {});
    const bytes = new Uint8Array(await (await fetch(${JSON.stringify(`${inject("page")}seed/seed.safetensors`)})).arrayBuffer());
    await call("load", { bytes, name: "seed" });
    const waveform = Float32Array.from(${JSON.stringify([...samples])});
    const { depths } = await call("unfold", { waveform, order: "cycle" });
    return {
      device: device.name,
      heard: ${JSON.stringify(DEPTHS)}.map((depth) => ({ text: depths[depth - 1].text, logProbs: [...depths[depth - 1].logProbs] })),
    };
  })()`);
  await browser.close();
  return found;
}

/** The same in Node, on the SwiftShader that npm brings. */
async function inNode(waveform: Float32Array): Promise<{ device: string; heard: DepthResult[] }> {
  const device = await openDevice({ driver: "bundled", tuned: false });
  try {
    const seed = recogniserOf(device, parseCheckpoint(new Uint8Array(readFileSync(SEED)), "seed"));
    const { depths } = await unfoldAll(device, seed, waveform, "cycle");
    return { device: device.info.name, heard: DEPTHS.map((depth) => depths[depth - 1]!) };
  } finally {
    device.close();
  }
}

const title = "says in the browser what it says in Node, both on SwiftShader";
const bundled = hasBundledDriver();

it.skipIf(!bundled)(bundled ? title : `${title} (not here: @sparticuz/chromium is not installed)`, async () => {
  const recording = await openRecording(clipFile(CLIP));
  const samples = await recording.read(0, await recording.length());
  const [page, node] = [await inThePage(samples), await inNode(samples)];
  expect([page.device, node.device]).toEqual([
    expect.stringMatching(/swiftshader/iu),
    expect.stringMatching(/swiftshader/iu),
  ]);
  for (const [i, heard] of page.heard.entries()) {
    const expected = node.heard[i]!;
    expect(heard.text).toBe(expected.text);
    const errors = heard.logProbs.map((value, j) => Math.abs(value - expected.logProbs[j]!));
    expect(errors.length).toBe(expected.logProbs.length);
    expect(Math.max(...errors)).toBeLessThanOrEqual(TOLERANCE);
  }
});
