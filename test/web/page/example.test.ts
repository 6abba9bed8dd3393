import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ROOT } from "../../built.ts";
import { clipFile, recordedText } from "./shipped.ts";
import { visit } from "./visit.ts";

const EXAMPLE = "examples/browser/index.html";
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript" };

/** The project's folder, as any static host serves it. */
const server = createServer(({ url = "" }, response) => {
  const { pathname } = new URL(url, "http://localhost");
  try {
    const bytes = readFileSync(join(ROOT, pathname));
    response.setHeader("Content-Type", TYPES[extname(pathname)] ?? "application/octet-stream").end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
beforeAll(async () => {
  const { status, stderr } = spawnSync(process.execPath, ["scripts/build_browser.mjs"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(stderr);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());

it("is a page of 30 lines that transcribes a file, at another depth than the seed's", async () => {
  expect(readFileSync(join(ROOT, EXAMPLE), "utf8").trimEnd().split("\n").length).toBeLessThanOrEqual(30);
  const { port } = server.address() as AddressInfo;
  const { browser, page, complaints } = await visit({ address: `http://127.0.0.1:${port}/${EXAMPLE}` });
  await page.getByText("Ready").waitFor();
  await page.getByLabel("A recording of digits").setInputFiles(clipFile(0));
  await page.getByRole("status").getByText(recordedText(0, 6), { exact: true }).waitFor();
  expect(complaints.filter((text) => !text.includes("404"))).toEqual([]); // a browser asks for an icon
  await browser.close();
});
