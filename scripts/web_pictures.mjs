// `npm run web:pictures`: takes a picture of each section of the page (built by `npm run web:build`) in Chromium, for the documents.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwright } from "playwright";
import { preview } from "vite";
import { chromium } from "./chromium.mjs";

process.chdir(join(dirname(fileURLToPath(import.meta.url)), ".."));

const SECTIONS = ["device", "speak", "unfold", "your-model"];
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
await page.getByLabel("Choose a checkpoint").setInputFiles("web/public/seed/seed.safetensors");
await page.getByTestId("plan").waitFor();
mkdirSync(OUT, { recursive: true });
for (const section of SECTIONS)
  await page.locator(`section[aria-labelledby=${section}]`).screenshot({ path: join(OUT, `${section}.png`) });
await page.getByText("Attention of a head").click();
await page.locator("#frame").fill("12");
await page.getByTestId("attention").waitFor();
await page.locator("details", { hasText: "Attention of a head" }).screenshot({ path: join(OUT, "attention.png") });
await browser.close();
await server.close();
