import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openRecording } from "../../../data/audio/open_recording.ts";
import { writeWav } from "../../../data/audio/wav.ts";
import { compareTexts } from "../../../recognition/evaluation/error_rate.ts";
import { clipFile, clips } from "./shipped.ts";
import { atRest, heard, moveTo, visit } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-page-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("hears what is said into the microphone, which leaves the page in no request", async () => {
  const CLIP = 4;
  const recording = await openRecording(clipFile(CLIP));
  const samples = await recording.read(0, await recording.length());
  const spoken = join(folder, "spoken.wav");
  await writeWav(spoken, samples, recording.sampleRate);
  const { browser, page, requests } = await visit({
    permissions: ["microphone"],
    flags: [
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      `--use-file-for-fake-audio-capture=${spoken}%noloop`,
    ],
  });
  await atRest(page);
  await moveTo(page, 6);
  const before = requests.length;
  await page.getByRole("button", { name: "Record" }).click();
  await page.waitForTimeout((1000 * samples.length) / recording.sampleRate + 500);
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await page.getByText(/^your recording/u).waitFor();
  const said = clips[CLIP]!.text;
  const { substitutions, deletions, insertions, references } = compareTexts(said, await heard(page), "character");
  expect(substitutions + deletions + insertions).toBeLessThan(references / 3); // through Opus, and the microphone's own level
  expect(requests.slice(before)).toEqual([]);
  await browser.close();
});
