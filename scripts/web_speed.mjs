// `node scripts/web_speed.mjs [rounds]`: how long the page (built by `npm run web:build`) takes in Chromium, from its address to its first
// text, and warm for a recording of 4 s at all depths. On SwiftShader where there is no GPU.
import { existsSync, readFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { register } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright";
import { preview } from "vite";
import { chromium } from "./chromium.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
register("./typescript_loader.mjs?hooks", import.meta.url);
const { openRecording } = await import("../data/audio/open_recording.ts");
const { encodeWav } = await import("../data/audio/wav.ts");

const SECONDS = 4;
const [rounds = 7] = process.argv.slice(2).map(Number);
if (!existsSync("web/dist/index.html")) throw new Error("web/dist is not there: run `npm run web:build` first");

const server = await preview({ configFile: "web/vite.config.mjs", preview: { host: "127.0.0.1", port: 0 } });
const browser = await playwright.launch({
  executablePath: chromium(),
  args: ["--no-sandbox", "--enable-unsafe-webgpu", "--disable-background-networking", "--disable-component-update"],
});
const first = [];
for (let round = 0; round < 3; round++) {
  const tab = await browser.newPage();
  const started = performance.now();
  await tab.goto(server.resolvedUrls.local[0]);
  await tab.getByTestId("text").waitFor();
  first.push(performance.now() - started);
  await tab.close();
}
const tab = await browser.newPage();
await tab.goto(server.resolvedUrls.local[0]);
await tab.getByTestId("text").waitFor();
const buffer = await recordingOf(SECONDS);
const times = [];
for (let round = 0; round <= rounds; round++) {
  const name = `${SECONDS} s, round ${round}.wav`;
  await tab.getByLabel("Choose a file").setInputFiles({ name, mimeType: "audio/wav", buffer });
  await tab.getByText(name).first().waitFor();
  await tab.locator("main[aria-busy=false]").waitFor();
  const [, milliseconds] = /([\d,]+) ms for all/u.exec(
    await tab.locator("section[aria-labelledby=unfold]").innerText(),
  );
  if (round > 0) times.push(Number(milliseconds.replace(",", "")));
}
console.log(`from the address to the first text: ${first.map((ms) => (ms / 1000).toFixed(1)).join(", ")} s`);
console.log(`${SECONDS} s at all depths, warm: median ${median(times)} ms of ${times.join(", ")}`);
await browser.close();
await server.close();

/** Shipped clips, one after the other, cut to so many seconds. */
async function recordingOf(seconds) {
  const clips = JSON.parse(readFileSync("web/public/seed/clips.json", "utf8"));
  const samples = [];
  let rate;
  for (const { file } of clips) {
    const recording = await openRecording(join("web/public/seed", file));
    rate = recording.sampleRate;
    samples.push(...(await recording.read(0, await recording.length())));
    await recording.close();
  }
  return Buffer.from(encodeWav(Float32Array.from(samples.slice(0, seconds * rate)), rate));
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
