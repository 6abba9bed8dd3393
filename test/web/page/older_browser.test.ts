import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clips, recordedText } from "./shipped.ts";
import { olderChromium } from "./older_chromium.ts";
import { atRest, heard, moveTo, visit, type Visit } from "./visit.ts";

// The page in a browser of July 2025, whose WGSL has neither immediates nor subgroup_id.

const older = await olderChromium();
const why = older.missing === undefined ? "" : ` (skipped: ${older.missing})`;

describe.skipIf(older.missing !== undefined)(`the page in Chromium 138${why}`, () => {
  let seen: Visit;
  const section = (id: string) => seen.page.locator(`section[aria-labelledby=${id}]`);

  beforeAll(async () => {
    seen = await visit({ executable: older.missing === undefined ? older.file : "" });
  });
  afterAll(() => seen.browser.close());

  it("says that it has no immediates", async () => {
    await atRest(seen.page);
    expect(seen.browser.version()).toMatch(/^138\./u);
    const device = section("device");
    expect(await device.getByText(/Computing on .+/u).textContent()).toMatch(/swiftshader/iu);
    await device.getByText("What this adapter or browser lacks").click();
    expect(await device.getByRole("listitem").allInnerTexts()).toContainEqual(
      expect.stringMatching(/^immediates: sizes travel in uniform buffers; .+ from version 149$/u),
    );
  });

  it("recognises what other browsers do, and another depth without computing anew", async () => {
    const { page } = seen;
    expect(await heard(page)).toBe(recordedText(2, 2));
    await page.getByRole("button", { name: clips[3]!.name }).click();
    await moveTo(page, 2);
    expect(await heard(page)).toBe(recordedText(3, 2));
    const time = await page.getByTestId("time").textContent();
    await moveTo(page, 6);
    expect(await heard(page)).toBe(recordedText(3, 6));
    expect(await page.getByTestId("time").textContent()).toBe(time);
  });

  it("takes a training step", async () => {
    const train = section("train");
    const step = train.getByRole("button", { name: "Step", exact: true });
    await step.click();
    await step.and(seen.page.locator(":enabled")).waitFor({ timeout: 90_000 }); // it compiles kernels first
    expect(await train.getByTestId("steps").textContent()).toMatch(/^\s*Step 1\b/u);
    expect(Number(await train.getByTestId("loss-6").textContent())).toBeGreaterThan(0);
  });

  it("compares a kernel with float64 and times it", async () => {
    const bench = section("bench");
    await bench.getByRole("button", { name: "Open the bench" }).click();
    await bench.getByLabel("only with").fill("softmax: one column");
    await bench.getByLabel("the tests' small cases as well").check();
    await bench.getByRole("button", { name: "Check and time" }).click();
    await bench
      .getByRole("status")
      .getByText("1 of 1 case agrees with float64 and was timed.")
      .waitFor({ timeout: 90_000 });
  });

  it("complains of nothing", () => expect(seen.complaints).toEqual([]));
});
