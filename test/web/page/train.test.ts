import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Download } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseCheckpoint, stateMetadata, type Checkpoint } from "../../../checkpoint/checkpoint.ts";
import { serialiseSafetensors } from "../../../checkpoint/safetensors/safetensors.ts";
import { plainConfig } from "../../../config/config.ts";
import { loadConfig } from "../../../checkpoint/load_config.ts";
import { loadFlite } from "../../../data/synthetic/load_flite.ts";
import { renderTake } from "../../../data/synthetic/utterance.ts";
import { furtherStrings } from "../../../web/worker/speech/further_strings.ts";
import { clips } from "./shipped.ts";
import { atRest, heard, visit, type Visit, loseDevice } from "./visit.ts";

const CONFIG = "web/train/config.yaml";
const DATA = "web/public/train";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const folder = mkdtempSync(join(tmpdir(), "unfold-page-train-"));
const nodeFile = join(folder, "node", "last.safetensors");

let seen: Visit;
/** The loss at depth 6 of the third step, whose strings are long. */
let third: number;
beforeAll(async () => {
  unfold(
    "train",
    CONFIG,
    "--data",
    DATA,
    "--out",
    join(folder, "node"),
    "--set",
    "steps=3",
    "--set",
    "data.cache=false",
  );
  seen = await visit({ colorScheme: "dark", viewport: { width: 360, height: 800 } });
  await atRest(seen.page);
});
afterAll(async () => {
  await seen.browser.close();
  rmSync(folder, { recursive: true });
});

const settings = (steps: number): string[] => ["--set", `steps=${steps}`, "--set", "data.cache=false"];

/** The command line on the driver that Chromium brings too. */
function unfold(...words: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["dist/cli/main.js", ...words], {
    encoding: "utf8",
    env: { ...process.env, UNFOLD_DRIVER: "bundled" },
  });
  if (status !== 0) throw new Error(`unfold ${words.join(" ")}: ${stderr}`);
  return stdout;
}

const button = (name: string) => seen.page.getByRole("button", { name, exact: true });
const stepShown = async (): Promise<number> =>
  Number(/^\s*Step (\d+)/u.exec((await seen.page.getByTestId("steps").textContent()) ?? "")?.[1]);
const lossShown = async (): Promise<number> => Number(await seen.page.getByTestId("loss-6").textContent());

async function takeStep(): Promise<void> {
  await button("Step").click();
  await button("Step").and(seen.page.locator(":enabled")).waitFor({ timeout: 90_000 }); // the first compiles kernels
}

async function save(name: string): Promise<Checkpoint & { readonly file: string }> {
  const [download] = await Promise.all([
    seen.page.waitForEvent("download") as Promise<Download>,
    button("Save checkpoint").click(),
  ]);
  expect(download.suggestedFilename()).toBe("last.safetensors");
  const file = join(folder, name);
  await download.saveAs(file);
  return { ...read(file), file };
}

const read = (file: string): Checkpoint => parseCheckpoint(new Uint8Array(readFileSync(file)), file);

async function load(file: string): Promise<void> {
  await seen.page.getByLabel("Load a checkpoint").setInputFiles(file);
}

/** Largest difference between the tensors of two checkpoints, in parts of the largest value of each tensor. */
function difference(a: Checkpoint, b: Checkpoint): number {
  expect([...a.tensors.keys()].sort()).toEqual([...b.tensors.keys()].sort());
  return Math.max(
    ...[...a.tensors].map(([name, { values }]) => {
      const others = b.tensors.get(name)!.values as Float32Array;
      const own = values as Float32Array;
      const largest = own.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      return own.reduce((most, value, i) => Math.max(most, Math.abs(value - others[i]!)), 0) / (largest || 1);
    }),
  );
}

it("ships the config of the command line", () => {
  const shipped = JSON.parse(readFileSync(join(DATA, "config.json"), "utf8")) as { data: object };
  const { data, ...config } = plainConfig(loadConfig(CONFIG)) as { data: object };
  expect(shipped).toEqual({ ...config, data: { ...data, folder: undefined, ...shipped.data } });
});

it("takes the three first steps of the command line, bit for bit, on strings fetched only now", async () => {
  const before = seen.requests.length;
  for (let step = 1; step <= 3; step++) {
    await takeStep();
    expect(await stepShown()).toBe(step);
  }
  third = await lossShown();
  const fetched = seen.requests.slice(before).map((request) => new URL(request.replace("GET ", "")).pathname);
  expect(fetched.filter((path) => path.startsWith("/train/"))).toHaveLength(4);
  expect(fetched.filter((path) => !/^\/(train|assets)\//u.test(path))).toEqual([]);
  const [page, node] = [await save("page.safetensors"), read(nodeFile)];
  expect(page.state.cmvn).toEqual(node.state.cmvn);
  expect(page.state.trainingSet).toBe(node.state.trainingSet);
  expect(page.state.sampler).toEqual(node.state.sampler);
  expect(difference(page, node)).toBe(0);
});

it("saves a checkpoint that the command line evaluates", () => {
  const scores = JSON.parse(
    unfold("eval", join(folder, "page.safetensors"), join(DATA, "dev.jsonl"), "--json", "--alignments", folder),
  ) as object;
  expect(JSON.stringify(scores)).toContain('"wer"');
});

it("saves a checkpoint that the command line goes on from, to the page's own next step", async () => {
  const run = join(folder, "resumed");
  mkdirSync(run);
  copyFileSync(join(folder, "page.safetensors"), join(run, "last.safetensors"));
  unfold("train", CONFIG, "--data", DATA, "--out", run, "--resume", "--force", ...settings(4));
  await takeStep();
  const [page, node] = [await save("page_4.safetensors"), read(join(run, "last.safetensors"))];
  expect(node.state.step).toBe(4);
  expect(difference(page, node)).toBe(0);
});

it("trains until it is paused, and answers other calls meanwhile; the loss falls", async () => {
  const { page } = seen;
  await button("Go on").click();
  await expect.poll(stepShown, { timeout: 90_000 }).toBeGreaterThan(4);
  await page.getByRole("button", { name: clips[1]!.name }).click();
  await heard(page);
  expect(await button("Pause").count()).toBe(1);
  await expect.poll(stepShown, { timeout: 90_000 }).toBeGreaterThan(6);
  await button("Pause").click();
  await button("Go on").and(page.locator(":enabled")).waitFor({ timeout: 60_000 });
  const paused = await stepShown();
  expect(await lossShown()).toBeLessThan(0.6 * third);
  await page.waitForTimeout(500);
  expect(await stepShown()).toBe(paused);
  await page.getByText(`Paused at step ${paused}.`).waitFor();
  await page.locator("svg[aria-label^='CTC loss']").waitFor();
});

it("steps with what the sliders say", async () => {
  const { page } = seen;
  for (const [name, key] of [
    ["Weight of the KL term", "End"],
    ["Weight of the seed's loss", "Home"],
    ["Learning rate", "Home"],
  ] as const) {
    await page.getByLabel(name).focus();
    await page.keyboard.press(key);
  }
  const before = await save("before.safetensors");
  await takeStep();
  const after = await save("after.safetensors");
  const { loss, optimizer } = after.state.config as { loss: object; optimizer: object };
  expect(loss).toMatchObject({ kl_weight: 1, seed_weight: 0 });
  expect(optimizer).toMatchObject({ learning_rate: 1e-5 });
  const weights = (checkpoint: Checkpoint): Checkpoint => ({
    ...checkpoint,
    tensors: new Map([...checkpoint.tensors].filter(([name]) => !name.includes("moment/"))),
  });
  expect(difference(weights(before), weights(after))).toBeLessThan(1e-3); // 10 steps of 4e-3 would be more
});

it("goes on from a checkpoint of the command line, and gives it back bit for bit", async () => {
  await load(nodeFile);
  await expect.poll(stepShown, { timeout: 30_000 }).toBe(3);
  const [given, back] = [read(nodeFile), await save("back.safetensors")];
  expect(difference(given, back)).toBe(0);
  expect(back.state).toEqual(given.state);
});

it("counts word errors and hears the recording every 20 steps", async () => {
  const { tensors, state } = read(nodeFile);
  const file = join(folder, "step_19.safetensors");
  writeFileSync(file, serialiseSafetensors(tensors, stateMetadata({ ...state, step: 19 })));
  await load(file);
  await expect.poll(stepShown, { timeout: 30_000 }).toBe(19);
  await takeStep();
  await expect.poll(() => seen.page.getByTestId("wer-6").textContent()).toMatch(/^\d+\.\d %$/u);
  expect(await seen.page.getByTestId("heard").textContent()).toContain("Your recording at step 20");
});

it("has no fault that axe-core finds, and nothing hangs over the edge of 360 pixels", async () => {
  const { page } = seen;
  await page.evaluate(axe);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    "axe.run('section[aria-labelledby=train]')",
  );
  expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
});

it("refuses in one sentence what it cannot train further, and keeps what it has", async () => {
  await load("web/public/seed/seed.safetensors");
  const alert = seen.page.getByRole("alert").getByRole("paragraph");
  await expect
    .poll(() => alert.textContent(), { timeout: 30_000 })
    .toBe("Seed.safetensors holds no optimiser state: resume from last.safetensors.");
  expect(await stepShown()).toBe(20);
  await takeStep();
  expect(await stepShown()).toBe(21);
});

it("keeps a snapshot of step 20 when the device is lost, and goes on from there", async () => {
  const { page } = seen;
  await loseDevice(page);
  await button("Step").click();
  const alert = page.getByRole("alert").getByRole("paragraph");
  await expect.poll(() => alert.textContent(), { timeout: 30_000 }).toMatch(/^The device was lost .+\.$/u);
  expect(await stepShown()).toBe(21);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect.poll(() => page.getByRole("alert").count()).toBe(0);
  await page.getByText("Paused at step 21.").waitFor({ timeout: 90_000 }); // kernels are compiled anew
  expect((await save("recalled.safetensors")).state.step).toBe(21);
  expect(seen.complaints).toEqual([]);
});

it("fetches the synthesiser only when asked to, in 13 MB, and once more if it did not arrive", async () => {
  const { page, requests } = seen;
  const file = /\/flite\.wasm\.gzip$/u;
  expect(requests.filter((request) => file.test(request))).toEqual([]);
  expect(Math.round(statSync("web/dist/flite.wasm.gzip").size / 1e6)).toBe(13);
  await page.route(file, (route) => route.abort());
  await page.getByLabel("How many").fill("3");
  await button("Speak more strings (13 MB)").click();
  await expect
    .poll(() => page.getByRole("alert").getByRole("paragraph").textContent())
    .toBe("The page's own file flite.wasm.gzip did not arrive.");
  await page.unroute(file);
  // What the page has the engine train on besides.
  await page.evaluate(`{
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message.call === "addStrings") globalThis.added = message.args.strings;
      return postMessage.call(this, message, ...rest);
    };
  }`);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("3 strings were spoken.").waitFor({ timeout: 60_000 });
  expect(await page.getByTestId("steps").textContent()).toMatch(/Step 21, \d+ k parameters, 55 strings\s*$/u);
  expect(await page.getByRole("alert").count()).toBe(0);
});

it("spoke what Node speaks, sample for sample, and trains on it from the beginning of the epoch", async () => {
  const added = await seen.page.evaluate<{ id: string; text: string; samples: number[] }[]>(
    "added.map(({ id, text, waveform }) => ({ id, text, samples: [...waveform] }))",
  );
  const synthesize = await loadFlite();
  const spoken = furtherStrings({ from: 52, count: 3, sampleRate: 8000, keptBack: [] }).map(
    ([id, { voice, words, take, sampleRate }]) => {
      const { samples } = renderTake(synthesize, voice, words, take, sampleRate);
      return { id, text: words.join(" "), samples: [...samples] };
    },
  );
  expect(added).toEqual(spoken);
  await takeStep();
  expect(await stepShown()).toBe(22);
  const { state } = await save("grown.safetensors");
  expect(state.sampler).toMatchObject({ batch: 1 });
  expect(state.trainingSet).not.toBe(read(nodeFile).state.trainingSet);
});

it("cancels the synthesiser without adding anything, and refuses other numbers than it can speak", async () => {
  const { page } = seen;
  await page.getByLabel("How many").fill("501");
  await page.getByText("How many: expected a whole number from 1 to 500.").waitFor();
  expect(await button("Speak more strings").isDisabled()).toBe(true);
  await page.getByLabel("How many").fill("500");
  await button("Speak more strings").click();
  await page.getByRole("progressbar", { name: "Progress of the synthesiser" }).waitFor();
  await button("Cancel").focus();
  await page.keyboard.press("Enter");
  await page.getByText("Cancelled: no string was added.").waitFor();
  expect(await page.getByTestId("steps").textContent()).toContain("55 strings");
});
