// `npm run web:pictures`: takes a picture of each section of the page (built by `npm run web:build`) in Chromium, for the documents.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright";
import { preview } from "vite";
import { chromium } from "./chromium.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const SECTIONS = ["device", "speak", "unfold", "bench", "your-model"];
const OUT = "web/pictures";
const FLAGS = [
  "--no-sandbox",
  "--enable-unsafe-webgpu",
  "--disable-background-networking",
  "--disable-component-update",
];

const server = await preview({ configFile: "web/vite.config.mjs", preview: { host: "127.0.0.1", port: 0 } });
const browser = await playwright.launch({ executablePath: chromium(), args: FLAGS });
const page = await browser.newPage({ viewport: { width: 800, height: 900 }, colorScheme: "light" });
await page.goto(server.resolvedUrls.local[0]);
await page.getByTestId("text").waitFor();
await page.locator("#depth").fill("4");
await page.getByRole("button", { name: "Open the bench" }).click();
await page.getByLabel("every variant").uncheck();
await page.getByRole("button", { name: "Check and time" }).click();
await page.getByText(/were timed\.$/u).waitFor({ timeout: 300_000 });
await page.getByText("Roofline", { exact: true }).click();
await page.locator("svg[aria-label^=Roofline]").waitFor();
await page.getByLabel("Choose a checkpoint").setInputFiles("web/public/seed/seed.safetensors");
await page.getByTestId("plan").waitFor();
mkdirSync(OUT, { recursive: true });
for (const section of SECTIONS)
  await page.locator(`section[aria-labelledby=${section}]`).screenshot({ path: join(OUT, `${section}.png`) });
await page.getByText("Attention of a head").click();
await page.locator("#frame").fill("12");
await page.getByTestId("attention").waitFor();
await page.locator("details", { hasText: "Attention of a head" }).screenshot({ path: join(OUT, "attention.png") });

// Section 4 trains first, long enough for curves.
const train = page.locator("section[aria-labelledby=train]");
await train.getByRole("button", { name: "Start" }).click();
await train.getByText(/Step 1[2-9]\d,/u).waitFor({ timeout: 900_000 });
await train.getByRole("button", { name: "Pause" }).click();
await train.getByText("Paused at step").waitFor({ timeout: 60_000 });
await page.waitForTimeout(1000); // the charts follow
await train.screenshot({ path: join(OUT, "train.png") });

await browser.close();
await server.close();
