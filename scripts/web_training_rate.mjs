// `node scripts/web_training_rate.mjs [rounds] [steps]`: how fast the page (built by `npm run web:build`) trains against Node on the same
// software driver, in rounds that alternate. Both take the steps of section 4 from its own strings, in slices, with its judgement and
// snapshot every 20 steps; the first round of each compiles kernels and does not count.
import { existsSync, readFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright";
import { preview } from "vite";
import { chromium } from "./chromium.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
process.env["UNFOLD_DRIVER"] = "bundled";
register("./typescript_loader.mjs?hooks", import.meta.url);
const { openDevice } = await import("../engine/device.ts");
const { openRecording } = await import("../data/audio/open_recording.ts");
const { Training } = await import("../web/worker/train/training.ts");

const DATA = "web/public/train";
const CLIP = "web/public/seed/clip_3.flac"; // which the page opens with
const SLICE = 250; // as the page's
const JUDGED_EVERY = 20;
const [rounds = 5, steps = 20] = process.argv.slice(2).map(Number);

if (!existsSync("web/dist/index.html")) throw new Error("web/dist is not there: run `npm run web:build` first");
const node = await trainingInNode();
const page = await trainingInPage();
const rates = { node: [], page: [] };
for (let round = 0; round <= rounds; round++) {
  for (const [name, training] of [
    ["node", node],
    ["page", page],
  ]) {
    const rate = await training.round();
    if (round > 0) rates[name].push(rate);
    console.log(`${round === 0 ? "warm-up" : `round ${round}`}, ${name}: ${rate.toFixed(2)} steps/s`);
  }
}
const [inNode, inPage] = [median(rates.node), median(rates.page)];
const ratios = rates.page.map((rate, i) => rate / rates.node[i]);
console.log(
  `median of ${rounds} rounds of about ${steps} steps: Node ${inNode.toFixed(2)} steps/s, page ${inPage.toFixed(2)} steps/s; ` +
    `page / Node, median of pairs: ${(100 * median(ratios)).toFixed(0)} % (${ratios.map((r) => (100 * r).toFixed(0)).join(", ")})`,
);
await page.close();
node.close();

async function trainingInNode() {
  const device = await openDevice();
  const { samples, sampleRate } = await decoded(join(DATA, "strings.flac"));
  const clip = (await decoded(CLIP)).samples;
  const strings = (split) =>
    readFileSync(join(DATA, `${split}.jsonl`), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line))
      .map(({ id, text, offset, duration }) => ({
        id,
        text,
        waveform: samples.slice(Math.round(offset * sampleRate), Math.round((offset + duration) * sampleRate)),
      }));
  const config = JSON.parse(readFileSync(join(DATA, "config.json"), "utf8"));
  const training = await Training.open(device, { train: strings("train"), dev: strings("dev") }, { config });
  const { settings } = training.report();
  const slice = async (most) => (await training.steps(most, SLICE, settings)).at(-1).step;
  let done = await slice(1);
  return {
    async round() {
      const [started, from] = [performance.now(), done];
      let rate;
      while (rate === undefined) {
        done = await slice(JUDGED_EVERY - (done % JUDGED_EVERY));
        if (done >= from + steps) rate = (1000 * (done - from)) / (performance.now() - started);
        if (done % JUDGED_EVERY !== 0) continue;
        await training.judge(clip);
        await training.save();
      }
      return rate;
    },
    close: () => device.close(),
  };
}

async function decoded(file) {
  const recording = await openRecording(file);
  const samples = await recording.read(0, await recording.length());
  await recording.close();
  return { samples, sampleRate: recording.sampleRate };
}

async function trainingInPage() {
  const server = await preview({ configFile: "web/vite.config.mjs", preview: { host: "127.0.0.1", port: 0 } });
  const browser = await playwright.launch({
    executablePath: chromium(),
    args: ["--no-sandbox", "--enable-unsafe-webgpu", "--disable-background-networking", "--disable-component-update"],
  });
  const tab = await browser.newPage();
  await tab.goto(server.resolvedUrls.local[0]);
  await tab.getByTestId("text").waitFor();
  const train = tab.locator("section[aria-labelledby=train]");
  const idle = train.getByRole("button", { name: "Step", exact: true }).and(tab.locator(":enabled"));
  await train.getByRole("button", { name: "Step", exact: true }).click();
  await idle.waitFor({ timeout: 300_000 });
  return {
    round: async () => {
      const rate = await tab.evaluate(async (steps) => {
        const { document, setTimeout } = globalThis;
        const section = document.querySelector("section[aria-labelledby=train]");
        const done = () => Number(/Step (\d+)/u.exec(section.querySelector("[data-testid=steps]").textContent)[1]);
        const [go] = [...section.querySelectorAll("button")].filter(({ textContent }) =>
          /Start|Go on/u.test(textContent),
        );
        const [started, from] = [performance.now(), done()];
        go.click();
        return new Promise((resolve) => {
          const look = () => {
            const reached = done();
            if (reached < from + steps) return void setTimeout(look, 5);
            const rate = (1000 * (reached - from)) / (performance.now() - started);
            go.click(); // Pause
            resolve(rate);
          };
          look();
        });
      }, steps);
      await idle.waitFor({ timeout: 300_000 });
      return rate;
    },
    async close() {
      await browser.close();
      await server.close();
    },
  };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}
