import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { atRest, heard, visit } from "./visit.ts";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

it.each([
  ["light", 1280],
  ["dark", 360],
] as const)(
  "has no fault that axe-core finds, %s and %i pixels wide, and nothing hangs over the edge",
  async (colorScheme, width) => {
    const { browser, page, complaints } = await visit({
      colorScheme,
      reducedMotion: "reduce",
      viewport: { width, height: 800 },
    });
    await atRest(page);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await page.locator("svg[aria-label^='KL']").waitFor();
    await page.evaluate(axe);
    const { violations } = await page.evaluate<{ violations: readonly Violation[] }>("axe.run()");
    expect(
      violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => [html, failureSummary])]),
    ).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
    expect(complaints).toEqual([]);
    await browser.close();
  },
);

it("is used by keyboard alone", async () => {
  const { browser, page } = await visit();
  await atRest(page);
  const focused = (): Promise<string> =>
    page.evaluate<string>("document.activeElement.textContent || document.activeElement.id");
  const reach = async (name: string): Promise<void> => {
    for (let presses = 0; (await focused()).trim() !== name; presses++) {
      if (presses === 60) throw new Error(`Tab never reaches ${name}`);
      await page.keyboard.press("Tab");
    }
  };
  await reach("Clip 5");
  await page.keyboard.press("Enter");
  await page.getByText(/^Clip 5, /u).waitFor();
  await reach("depth");
  const seed = await heard(page);
  await page.keyboard.press("Home");
  expect(await heard(page)).not.toBe(seed);
  expect(await page.getByRole("slider", { name: /^Depth/u }).getAttribute("aria-valuetext")).toMatch(
    /^1, never trained/u,
  );
  await reach("frame");
  await page.keyboard.press("End");
  expect(await page.getByText(/^Frame at [1-9]/u).count()).toBe(1);
  await browser.close();
});
