import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { filesOf, writeFiles } from "../../scripts/docs/files.ts";
import { node, ROOT } from "../built.ts";

it("the kernel of docs/engine/add-a-kernel.md passes its cases, and a wrong one does not", async () => {
  const files = filesOf(readFileSync(join(ROOT, "docs/engine/add-a-kernel.md"), "utf8"));
  expect([...files.keys()].map((path) => path.replace("kernels/snake/", "")).sort()).toEqual([
    "backward.wgsl",
    "cases.ts",
    "forward.wgsl",
    "reference.ts",
    "snake.ts",
  ]);
  expect(await differencesOf(files)).toEqual(["odd: none", "one element: none", "more than a workgroup's share: none"]);
  const wrong = files.get("kernels/snake/backward.wgsl")!.replace("1.0 + sin", "1.0 - sin");
  expect((await differencesOf(new Map([...files, ["kernels/snake/backward.wgsl", wrong]])))[0]).toMatch(/^odd: dx/u);
});

/** What differs from the reference in each case, in a process of its own, since the files are in no folder of the repository. */
async function differencesOf(files: ReadonlyMap<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "unfold-add-a-kernel-"));
  try {
    writeFiles(files, folder);
    const program = `
      import { openDevice } from "./engine/device.ts";
      import { findDifference } from "./bench/check_case.ts";
      const { cases } = await import(${JSON.stringify(pathToFileURL(join(folder, "kernels/snake/cases.ts")).href)});
      const device = await openDevice();
      for (const one of cases.cases.filter(({ benchmark }) => !benchmark))
        console.log(one.name + ": " + ((await findDifference(device, one)) ?? "none"));
      device.close();`;
    const { status, stdout, stderr } = await node([
      "--import",
      "./scripts/typescript_loader.mjs",
      "--input-type=module",
      "-e",
      program,
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    return stdout.trimEnd().split("\n");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
