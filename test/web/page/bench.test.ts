import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Worker } from "playwright";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { parseReport } from "../../../bench/report/parse_report.ts";
import { atRest, visit, type Visit } from "./visit.ts";

const folder = mkdtempSync(join(tmpdir(), "unfold-page-bench-"));
afterAll(() => rmSync(folder, { recursive: true }));
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Three of the tests' small cases, of two operations. */
const FILTER = "one column";
const CASES = ["layer_norm: one column", "softmax: log one column", "softmax: one column"];

let seen: Visit;
let worker: Worker;
const section = () => seen.page.locator("section[aria-labelledby=bench]");
const button = (name: string | RegExp) => section().getByRole("button", { name, exact: typeof name === "string" });
const row = (label: string) => section().getByRole("row", { name: new RegExp(`^${label}`, "u") });
const said = async (sentence: RegExp): Promise<void> =>
  void (await section().getByRole("status").getByText(sentence).waitFor({ timeout: 100_000 }));
const saved = join(folder, "saved.json");

async function openBench(): Promise<void> {
  await atRest(seen.page);
  await button("Open the bench").click();
  const shipped = section().getByRole("columnheader", { name: /^on llvmpipe/u });
  await section().getByLabel("softmax", { exact: true }).or(shipped).waitFor();
}

beforeAll(async () => {
  seen = await visit();
  const started = new Promise<Worker>((resolve) =>
    seen.page.on("worker", (each) => seen.page.workers().length > 1 && resolve(each)),
  );
  await openBench();
  worker = await started;
  for (const name of ["linear", "depthwise_conv"]) await section().getByLabel(name, { exact: true }).uncheck();
  await section().getByLabel("only with").fill(FILTER);
  await section().getByLabel("the tests' small cases as well").check();
});
afterAll(() => seen.browser.close());

it("compares kernels with float64 and times them, in the clock's own words", async () => {
  await button("Check and time").click();
  await said(/^3 of 3 cases agree with float64 and were timed\.$/u);
  for (const label of CASES) {
    const text = await row(label).innerText();
    expect(text).toMatch(/✓ d?\w+ \S+ of \S+\t\S+ ± \S+\t/u); // the error beside its tolerance, the time
    expect(text).toMatch(/\d+ %\s*(memory|arithmetic)/u);
  }
  expect(await section().getByTestId("clock").innerText()).toMatch(
    /GB\/s copied.+GFLOP\/s.+moves in steps of [\d,]+ ns; a sample .+ lasted [\d,]+ steps\.$/su,
  );
});

it("shows the shader that ran, its includes expanded, beside its definition, with variants side by side", async () => {
  await button("softmax: log one column").click();
  const details = section().getByTestId("details");
  await expect.poll(() => details.getByTestId("wgsl").innerText()).toMatch(/@compute[^]+fn main\(/u);
  expect(await details.getByTestId("wgsl").innerText()).not.toMatch(/^\/\/ include /mu);
  expect(await details.getByTestId("reference").innerText()).toContain("export function softmaxReference");
  expect(await details.innerText()).toMatch(/Mathematics\s[^]+softmaxReference\s+exp\(x\) \//u);
  const variants = details.getByRole("table", { name: /in the forward pass$/u });
  expect(await variants.getByRole("row").count()).toBeGreaterThan(2);
  expect(await variants.getByText("(chosen)").count()).toBe(1);
});

it("has no fault that axe-core finds with the bench open, and nothing hangs over the edge of a narrow page", async () => {
  const { page } = seen;
  await section().getByText("Roofline", { exact: true }).click();
  await section().locator("svg[aria-label^=Roofline]").waitFor();
  await page.evaluate(axe);
  for (const [colorScheme, width] of [
    ["light", 1280],
    ["dark", 360],
  ] as const) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
      `axe.run("section[aria-labelledby=bench]")`,
    );
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
  }
  await page.setViewportSize({ width: 1280, height: 800 });
});

it("saves a file that the command line compares with", async () => {
  const [download] = await Promise.all([seen.page.waitForEvent("download"), button("Save results").click()]);
  await download.saveAs(saved);
  expect(download.suggestedFilename()).toMatch(/^bench-[a-z0-9-]*swiftshader[a-z0-9-]*\.json$/u);
  const { results } = parseReport(readFileSync(saved, "utf8"), saved).kernels!;
  expect(results.map(({ operation, case: name, status }) => [`${operation}: ${name}`, status]).sort()).toEqual(
    CASES.map((label) => [label, "timed"]),
  );
  const words = ["bench", "kernels", "--all", "--filter", CASES[0]!, "--compare", saved, "--any-adapter"];
  const { stdout } = await promisify(execFile)(process.execPath, ["dist/cli/main.js", ...words]);
  expect(stdout).toMatch(/layer_norm: one column, with backward +\S+ +\S+ +\d/u);
  expect(stdout).toMatch(/Compared with \d{4}-.+: 2 times, /u);
});

it("lays other adapters' files over its own, and refuses what is none in a sentence", async () => {
  const report = JSON.parse(readFileSync(saved, "utf8")) as { adapter: string };
  const other = join(folder, "other.json");
  writeFileSync(other, JSON.stringify({ ...report, adapter: "Another GPU" }));
  const load = (path: string): Promise<void> => section().getByLabel("Load results").setInputFiles(path);
  await load(other);
  await section().getByRole("columnheader", { name: "on Another GPU" }).waitFor();
  expect(await row(CASES[0]!).innerText()).toMatch(/ ms, × 1\.0\s*$/u);
  const legend = section()
    .getByRole("listitem")
    .filter({ hasText: /^\s*Another GPU \(other\.json\)$/u });
  await legend.waitFor(); // in the roofline
  await button(/^Overlay kernels-llvmpipe/u).click();
  await section()
    .getByRole("columnheader", { name: /^on llvmpipe/u })
    .waitFor();
  expect(await row("matmul: 512 cubed").innerText()).toMatch(/not timed here/u);
  await button("Remove other.json").click();
  expect(await section().getByRole("columnheader", { name: "on Another GPU" }).count()).toBe(0);
  writeFileSync(other, "{}");
  await load(other);
  await section().getByRole("alert").getByText("other.json is not a report of 'unfold bench --json'.").waitFor();
});

it("says of a case that a shader is refused, of another that the device was lost, and goes on with the others", async () => {
  await worker.evaluate(`{
    const { createShaderModule } = GPUDevice.prototype;
    let lost = false;
    GPUDevice.prototype.createShaderModule = function ({ label, code }) {
      if (label.startsWith("softmax/forward") && !lost) {
        lost = true;
        this.destroy();
      }
      return createShaderModule.call(this, { label, code: label.startsWith("layer_norm/forward") ? "fn" : code });
    };
  }`);
  await button("Check and time").click();
  await said(/^1 of 3 cases agrees with float64/u);
  expect(await row(CASES[0]!).innerText()).toMatch(/failed: layer_norm\/forward\S+\.wgsl does not compile/u);
  expect(await row(CASES[2]!).innerText()).toMatch(/failed: the device was lost/u);
  expect(await row(CASES[1]!).innerText()).toContain("✓");
});

it("is cancelled at once, and keeps what it has", async () => {
  await section().getByLabel("all", { exact: true }).check();
  await section().getByLabel("only with").fill("");
  await button("Check and time").click();
  await expect.poll(() => section().locator("tr[data-status=timed]").count(), { timeout: 60_000 }).toBe(1);
  await button("Cancel").click();
  await said(/^cancelled\.$/u);
  expect(await section().locator("tr[data-status=timed]").count()).toBe(1);
});

it("keeps this GPU's own table, from which kernels are chosen after a reload too, until it is forgotten", async () => {
  const { page } = seen;
  const tuned = section().getByTestId("tuned");
  await section().getByLabel("only with").fill("attention 3200");
  await button("Tune this GPU").click();
  await section()
    .getByText(/own table: \d+ choices, measured\s+20/u)
    .waitFor({ timeout: 100_000 });
  await page.reload();
  await openBench();
  expect(await tuned.innerText()).toMatch(/own table: [1-9]\d* choices, measured 20/u);
  await button("Forget the table").click();
  await section().getByText("by the class of GPU").waitFor();
});

it("has asked for nothing but the page's own files, and nothing has complained", () => {
  const own = [`GET ${inject("page")}`, `GET blob:${inject("page")}`]; // the second is the saved file
  expect(seen.requests.filter((request) => !own.some((start) => request.startsWith(start)))).toEqual([]);
  expect(seen.complaints).toEqual([]);
});

describe("without WebGPU", () => {
  it("shows the results that come with the page", async () => {
    const own = seen;
    seen = await visit({ webgpu: false });
    await openBench();
    await section()
      .getByRole("columnheader", { name: /^on llvmpipe/u })
      .waitFor();
    await section()
      .getByText(/results that come with the page/u)
      .waitFor();
    expect(await row("matmul: 512 cubed").innerText()).toMatch(/14\.7 ms/u);
    expect(await section().getByRole("alert").count()).toBe(0);
    expect(seen.complaints).toEqual([]);
    await seen.browser.close();
    seen = own;
  });
});
