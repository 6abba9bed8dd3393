import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clipFile, clips, recordedText } from "./shipped.ts";
import { atRest, heard, moveTo, visit, type Visit, loseDevice } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("a page with WebGPU", () => {
  let seen: Visit;
  const fault = async (): Promise<string> =>
    (await seen.page.getByRole("alert").getByRole("paragraph").textContent()) ?? "";
  const give = (path: string): Promise<void> => seen.page.getByLabel("Choose a file").setInputFiles(path);

  beforeAll(async () => {
    seen = await visit();
    await atRest(seen.page);
  });
  afterAll(() => seen.browser.close());

  it("takes a file, of which nothing is known but the sound", async () => {
    await give(clipFile(1));
    await moveTo(seen.page, 6);
    expect(await heard(seen.page)).toBe(recordedText(1, 6));
    expect(await seen.page.getByTestId("errors").textContent()).toContain("no errors counted");
  });

  it.each([
    [
      "broken.wav",
      Buffer.from("RIFF and nothing more"),
      /^Broken\.wav is no recording that this browser can decode: expected .+\.$/u,
    ],
    ["long.wav", wav(31 * 8000), /^Long\.wav lasts 31 s, and this page takes up to 30 s\.$/u],
    ["short.wav", wav(200), /^The recording is too short: expected at least 0\.\d\d s\.$/u],
    [
      "huge.wav",
      Buffer.alloc(41_000_000),
      /^Huge\.wav has 41 MB, and this page takes up to 40 MB: cut out up to 30 s\.$/u,
    ],
  ])("says in one sentence what is wrong with %s, and keeps what it had", async (name, bytes, sentence) => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    const before = await heard(seen.page);
    await give(path);
    await expect.poll(fault, { timeout: 30_000 }).toMatch(sentence);
    expect(await heard(seen.page)).toBe(before);
  });

  it("says that the device was lost, keeps what it had, and goes on with a new one", async () => {
    const { page } = seen;
    await loseDevice(page);
    await moveTo(page, 6);
    const before = await heard(page);
    await page.getByRole("radio", { name: /^repeat/u }).check();
    await expect.poll(fault, { timeout: 30_000 }).toMatch(/^The device was lost .+\.$/u);
    expect(await heard(page)).toBe(before);
    await page.getByRole("button", { name: "Try again" }).click();
    await expect
      .poll(async () => (await page.getByTestId("schedule").textContent())?.replace(/\s/gu, ""), { timeout: 60_000 })
      .toBe("AAABBB");
    expect(await page.getByRole("alert").count()).toBe(0);
  });

  it("says what to do when the microphone is refused", async () => {
    await seen.page.getByRole("button", { name: "Record" }).click();
    await expect
      .poll(fault)
      .toMatch(/^(The browser refused the microphone: allow it|No microphone was found: connect one).+\.$/u);
  });
});

describe("a page without WebGPU", () => {
  it("says so, how to get it, and shows what was recorded of the clips", async () => {
    const { browser, page, complaints } = await visit({ webgpu: false });
    await moveTo(page, 6);
    expect(await heard(page)).toBe(recordedText(2, 6));
    await page.getByText(/This page computes with WebGPU, and this browser has .+no adapter/u).waitFor();
    await page.getByText(/chrome:\/\/gpu/u).waitFor();
    await page.getByLabel("Choose a file").setInputFiles(clipFile(1));
    await page.getByText("cannot be recognised without WebGPU").waitFor();
    await page.getByRole("button", { name: clips[3]!.name }).click();
    expect(await heard(page)).toBe(recordedText(3, 6));
    expect(complaints).toEqual([]);
    await browser.close();
  });
});

/** A WAV file of so many samples of silence, 16 bits at 8 kHz. */
function wav(samples: number): Buffer {
  const header = Buffer.alloc(44);
  header.write("RIFF", 0);
  header.writeUInt32LE(36 + 2 * samples, 4);
  header.write("WAVEfmt ", 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(16000, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write("data", 36);
  header.writeUInt32LE(2 * samples, 40);
  return Buffer.concat([header, Buffer.alloc(2 * samples)]);
}
