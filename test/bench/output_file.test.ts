import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outputFile } from "../../bench/output_file.ts";
import { UserError } from "../../engine/errors.ts";

describe("an output file", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "unfold-output-"))));
  afterAll(() => rmSync(folder, { recursive: true }));

  it("is there only once it is written, and nothing else is", () => {
    mkdirSync(at("new"));
    const file = outputFile("--json", at("new/a.json"));
    expect(readdirSync(at("new"))).toEqual([]);
    file.write("{}");
    expect(readdirSync(at("new"))).toEqual(["a.json"]);
    expect(readFileSync(at("new/a.json"), "utf8")).toBe("{}");
  });

  it("stays as it was until then", () => {
    writeFileSync(at("old.json"), "before");
    const file = outputFile("--json", at("old.json"));
    expect(readFileSync(at("old.json"), "utf8")).toBe("before");
    file.write("after");
    expect(readFileSync(at("old.json"), "utf8")).toBe("after");
  });

  it("is written through a link", () => {
    writeFileSync(at("target"), "before");
    symlinkSync(at("target"), at("link"));
    outputFile("--html", at("link")).write("after");
    expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
    expect(readFileSync(at("target"), "utf8")).toBe("after");
  });

  it("is refused at once where it cannot be written", () => {
    writeFileSync(at("file"), "");
    for (const [name, why] of [
      [at("none/a.json"), `the folder ${at("none")} does not exist`],
      [folder, "it is not a file"],
      [at("file/a.json"), `${at("file")} is not a folder`],
      ["/dev/null", "it is not a file"],
    ] as const) {
      expect(() => outputFile("--json", name)).toThrow(UserError);
      expect(() => outputFile("--json", name)).toThrow(`--json: ${name} cannot be written: ${why}`);
    }
    expect(existsSync("/dev/null")).toBe(true);
  });
});
