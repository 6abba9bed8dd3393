import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readAudio } from "../../../data/audio/audio.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { unfold } from "../../built.ts";
import { clipFile, recordedText } from "./shipped.ts";
import { tinyModel } from "./tiny_models.ts";
import { atRest, heard, moveTo, visit, type Visit, loseDevice } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-page-"));
const RATE = 16000;
const sound = join(folder, "sound.wav");
let seen: Visit;
beforeAll(async () => {
  const { samples } = await readAudio(clipFile(4), RATE);
  await writeWav(sound, samples.subarray(0, 1.5 * RATE), RATE);
  seen = await visit();
  await atRest(seen.page);
});
afterAll(async () => {
  await seen.browser.close();
  rmSync(folder, { recursive: true });
});

const give = (path: string): Promise<void> => seen.page.getByLabel("Choose a checkpoint").setInputFiles(path);
/** As by a hand that drops a file on the section. */
async function drop(name: string, bytes: Buffer): Promise<void> {
  const dataTransfer = await seen.page.evaluateHandle(`{
    const transfer = new DataTransfer();
    const bytes = Uint8Array.from(atob(${JSON.stringify(bytes.toString("base64"))}), (byte) => byte.charCodeAt(0));
    transfer.items.add(new File([bytes], ${JSON.stringify(name)}));
    transfer;
  }`);
  await seen.page.dispatchEvent("section[aria-labelledby=your-model]", "drop", { dataTransfer });
}
const plan = async (): Promise<string> => (await seen.page.getByTestId("plan").textContent()) ?? "";
const use = async (): Promise<void> => {
  await seen.page.getByRole("button", { name: "Use this model" }).click();
  await atRest(seen.page);
};

/** What the command line hears in the sound at a depth. */
async function transcribed(checkpoint: string, depth: number): Promise<string> {
  const { status, stdout, stderr } = await unfold(["transcribe", checkpoint, sound, "--depth", String(depth)]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trimEnd().split("\t")[1] ?? "";
}

async function exported(kind: Parameters<typeof tinyModel>[1]): Promise<string> {
  const file = join(folder, `${kind}.safetensors`);
  if (existsSync(file)) return file;
  const { status, stderr } = await unfold([
    "export",
    await tinyModel(folder, kind),
    "--browser",
    file,
    "--budget",
    "1",
  ]);
  if (status !== 0) throw new Error(stderr);
  return file;
}

it.each([
  [
    "conformer",
    /kind ?Conformer with CTC ?parameters ?11,010; 3 blocks ?depths ?1 to 14.*40 ms, 4 feature frames at 16 kHz/su,
    [3, 14],
  ],
  [
    "wav2vec2",
    /kind ?wav2vec 2\.0 with CTC ?parameters ?5,354; 2 blocks ?depths ?1 to 12.*20 ms, 320 samples at 16 kHz/su,
    [2, 5],
  ],
] as const)("plans a dropped %s, and hears with it what the command line hears", async (kind, described, depths) => {
  const { page, complaints } = seen;
  const file = await exported(kind);
  await page.getByLabel("Choose a file").setInputFiles(sound);
  await atRest(page);
  await give(file);
  await page.getByTestId("verdict").getByText("fits this device's limits").waitFor();
  expect(await plan()).toMatch(described);
  expect(await plan()).toMatch(
    /weights ?[\d.]+ KiB on the device, from a file of [\d.]+ KiB.*10 s of sound ?[\d.]+ [KM]iB/su,
  );
  await use();
  expect(await page.getByTestId("running").textContent()).toContain(basename(file));
  const texts = [];
  for (const depth of depths) {
    await moveTo(page, depth);
    texts.push(await heard(page));
    expect([depth, texts.at(-1)]).toEqual([depth, await transcribed(file, depth)]);
  }
  expect(new Set(texts).size).toBe(2);
  expect(await page.getByText("This model reads the samples themselves").count()).toBe(kind === "wav2vec2" ? 1 : 0);
  expect(complaints).toEqual([]);
});

it.each([
  [
    "broken.safetensors",
    () => Buffer.from("no safetensors"),
    /^Broken\.safetensors is not a safetensors file or is truncated: .+\.$/u,
  ],
  ["empty.safetensors", () => Buffer.alloc(0), /^Empty\.safetensors is not a safetensors file: it has 0 bytes, .+\.$/u],
  [
    "half.safetensors",
    () => readFileSync("web/public/seed/seed.safetensors").subarray(0, 400_000),
    /^Half\.safetensors: tensor '.+' ends at byte \d+ of the data, but there are only \d+; the file is truncated\.$/u,
  ],
  [
    "recorded.safetensors",
    () => readFileSync("web/public/seed/recorded.safetensors"),
    /^Recorded\.safetensors is a safetensors file, but not an unfold checkpoint: .+\.$/u,
  ],
  [
    "later.safetensors",
    () =>
      Buffer.from(
        readFileSync("web/public/seed/seed.safetensors")
          .toString("latin1")
          .replace("unfold-checkpoint/1", "unfold-checkpoint/2"),
        "latin1",
      ),
    /^Later\.safetensors is a checkpoint of version 2, and this page reads version 1\.$/u,
  ],
])("refuses %s in a sentence, and keeps what it had", async (name, bytes, sentence) => {
  const { page } = seen;
  const before = await heard(page);
  const running = await page.getByTestId("running").textContent();
  await drop(name, bytes());
  await expect.poll(() => page.getByTestId("refusal").textContent(), { timeout: 20_000 }).toMatch(sentence);
  expect(await page.getByRole("button", { name: "Use this model" }).count()).toBe(0);
  expect([await heard(page), await page.getByTestId("running").textContent()]).toEqual([before, running]);
});

it("goes back to the page's seed, whose clips come at its own rate again", async () => {
  const { page } = seen;
  await page.getByRole("button", { name: "Clip 3" }).click();
  await page.getByText(/^Clip 3, [\d.]+ s at 16 kHz/u).waitFor();
  await atRest(page);
  await page.getByRole("button", { name: "Back to the page's seed" }).click();
  await page.getByText(/^Clip 3, [\d.]+ s at 8 kHz/u).waitFor();
  await moveTo(page, 6);
  expect(await heard(page)).toBe(recordedText(2, 6));
  expect(await page.getByRole("button", { name: "Back to the page's seed" }).count()).toBe(0);
});

it("shows what a head attends to, of the encoder's frames and of a hybrid's tokens", async () => {
  const { page, complaints } = seen;
  await page.getByText("Attention of a head").click();
  const sentence = /attends most to [\d.]+ s \([\d.]+ %\), [\d.]+ s \([\d.]+ %\), [\d.]+ s \([\d.]+ %\)\.$/u;
  const attention = async (): Promise<string> => (await page.getByTestId("attention").textContent())?.trim() ?? "";
  await expect.poll(attention, { timeout: 20_000 }).toMatch(sentence);
  const first = await attention();
  await page.getByRole("combobox", { name: /^Layer/u }).selectOption("4");
  await page.getByRole("combobox", { name: /^Head/u }).selectOption("3");
  await expect.poll(attention, { timeout: 20_000 }).not.toBe(first);
  await give(await exported("hybrid"));
  await use();
  await page.getByRole("combobox", { name: /^of the/u }).selectOption("decoder");
  const tokens = page.getByTestId("token-attention").getByRole("listitem");
  await tokens.first().waitFor();
  const text = (await heard(page)).replaceAll(" ", "");
  expect((await tokens.getByRole("strong").allTextContents()).join("").replaceAll("␣", "")).toBe(`⏵${text}`);
  expect(complaints).toEqual([]);
});

it("keeps what it had if the device is lost while a model loads, goes on with a new one, and fits 360 pixels", async () => {
  const { page } = seen;
  const running = page.getByTestId("running");
  const [text, before] = [await heard(page), await running.textContent()];
  await give(await exported("wav2vec2"));
  await page.getByTestId("plan").waitFor();
  await loseDevice(page);
  await page.getByRole("button", { name: "Use this model" }).click();
  const again = page.getByRole("button", { name: "Try again" });
  await again.waitFor();
  expect([await heard(page), await running.textContent()]).toEqual([text, before]);
  await again.click();
  await expect.poll(() => running.textContent(), { timeout: 60_000 }).toContain("wav2vec2.safetensors");
  await atRest(page);
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(360);
});
