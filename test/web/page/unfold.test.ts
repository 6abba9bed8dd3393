import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compareTexts } from "../../../recognition/evaluation/error_rate.ts";
import { clips, recordedText } from "./shipped.ts";
import { atRest, heard, moveTo, visit, type Visit } from "./visit.ts";

let seen: Visit;
beforeAll(async () => {
  seen = await visit();
});
afterAll(() => seen.browser.close());

const errors = (clip: number, depth: number): number => {
  const { substitutions, deletions, insertions } = compareTexts(
    clips[clip]!.text,
    recordedText(clip, depth),
    "character",
  );
  return substitutions + deletions + insertions;
};
/** The clip that gains most from depth 2 to depth 6. */
const telling = clips
  .map((_, clip) => clip)
  .sort((a, b) => errors(b, 2) - errors(b, 6) - errors(a, 2) + errors(a, 6))[0]!;

it("recognises a clip by itself, at the seed's depth", async () => {
  expect(await heard(seen.page)).toBe(recordedText(2, 2));
  await expect(seen.page.getByText(/Computing on .+/u).textContent()).resolves.toMatch(/swiftshader/iu);
});

it("loads less than 350 kB, compressed, besides weights of less than 1 MB, and under a policy that allows nothing else", async () => {
  const files = seen.requests.map((request) => new URL(request.replace("GET ", "")).pathname);
  const bytes = (file: string): Buffer => readFileSync(join("web/dist", file === "/" ? "index.html" : file));
  const compressed = (file: string): number => gzipSync(bytes(file), { level: 9 }).length;
  const weights = files.filter((file) => file.endsWith("/seed.safetensors"));
  const others = files.filter((file) => !weights.includes(file));
  expect(weights.map((file) => bytes(file).length)).toEqual([expect.toSatisfy((size: number) => size < 1_000_000)]);
  expect(others.length).toBeGreaterThan(4);
  expect(others.reduce((sum, file) => sum + compressed(file), 0)).toBeLessThan(350_000);
  const policy = await seen.page.locator("meta[http-equiv=Content-Security-Policy]").getAttribute("content");
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'sha256-[^']+'; /u,
  );
});

it("shows another text at another depth, without computing anew", async () => {
  const { page } = seen;
  await page.getByRole("button", { name: clips[telling]!.name }).click();
  await moveTo(page, 2);
  expect(await heard(page)).toBe(recordedText(telling, 2));
  const time = await page.getByTestId("time").textContent();
  await moveTo(page, 6);
  expect(await heard(page)).toBe(recordedText(telling, 6));
  expect(await page.getByTestId("time").textContent()).toBe(time);
  expect(errors(telling, 6)).toBeLessThan(errors(telling, 2));
});

it("counts errors against what was said, which can be edited", async () => {
  const { page } = seen;
  const text = await heard(page);
  await page.getByLabel("What was said").fill(text.toUpperCase());
  expect(await page.getByTestId("errors").textContent()).toContain("0 word errors, 0 by character");
  await page.getByLabel("What was said").fill(`${text} nine`);
  expect(await page.getByTestId("errors").textContent()).toContain("1 word error, 5 by character");
});

it("draws the path of each order, and marks what training never asked for", async () => {
  const { page } = seen;
  await moveTo(page, 7);
  expect((await page.getByTestId("schedule").textContent())?.replace(/\s/gu, "")).toBe("ABABABA");
  expect(await page.getByTestId("training").textContent()).toContain("never trained");
  await moveTo(page, 6);
  expect(await page.getByTestId("training").textContent()).toContain("trained at every step");
  await page.getByRole("radio", { name: /^repeat/u }).check();
  await atRest(page);
  expect((await page.getByTestId("schedule").textContent())?.replace(/\s/gu, "")).toBe("AAABBB");
  expect(await page.getByTestId("training").textContent()).toContain("cycle order");
  await moveTo(page, 5);
  await page.getByRole("button", { name: /^Layer 1 runs block A/u }).click();
  await atRest(page);
  expect((await page.getByTestId("schedule").textContent())?.replace(/\s/gu, "")).toBe("AAABB");
  await page.getByRole("radio", { name: /^cycle/u }).check();
  await atRest(page);
});

it("requests nothing after it has loaded but the charts' code, and complains of nothing", async () => {
  const { page, requests, complaints } = seen;
  const before = requests.length;
  await page.getByRole("button", { name: clips[1]!.name }).click();
  await atRest(page);
  expect(requests.slice(before)).toEqual([]);
  await page.getByText("All depths in a chart").click();
  await page.locator("svg[aria-label='character errors']").waitFor();
  const later = requests.slice(before);
  expect(later).toContainEqual(expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/assets\/by_depth-[\w-]+\.js$/u));
  expect(later.filter((request) => !/\/assets\/[\w-]+\.js$/u.test(request))).toEqual([]); // the library is a file of its own
  expect(complaints).toEqual([]);
});
