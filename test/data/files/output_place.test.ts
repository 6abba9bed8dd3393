import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { expectNoInput, expectPlace, expectWritable } from "../../../data/files/output_place.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "unfold-place-"));
  writeFileSync(at("notes.json"), "{}");
  mkdirSync(at("model.onnx"));
});
afterAll(() => rmSync(folder, { recursive: true }));

it("a file has a place where nothing is yet, neither of its name nor of what is written beside it", () => {
  expectPlace([at("mean.safetensors"), at("mean.json")], { force: false });
  expect(() => expectPlace([at("notes.safetensors"), at("notes.json")], { force: false })).toThrow(
    new UserError(`${at("notes.json")} already exists: choose another name, or add --force`),
  );
  expectPlace([at("notes.safetensors"), at("notes.json")], { force: true });
});

it("and none in a folder that is not there, or of a folder's name, whatever is forced", () => {
  for (const force of [false, true]) {
    expect(() => expectPlace([at("nowhere/mean.safetensors")], { force })).toThrow(
      new UserError(`--out: there is no folder ${at("nowhere")}`),
    );
    expect(() => expectPlace([at("model.onnx")], { force })).toThrow(
      new UserError(`--out: ${at("model.onnx")} is a folder, expected the name of a file`),
    );
  }
});

it("what is read is never written over, whichever of its names is given; a link to it may go", () => {
  writeFileSync(at("blob"), "weights");
  symlinkSync(at("blob"), at("read.safetensors"));
  symlinkSync(at("read.safetensors"), at("link.safetensors"));
  linkSync(at("notes.json"), at("same.json"));
  const inputs = [at("notes.json"), at("read.safetensors")];
  for (const file of [
    "read.safetensors",
    "blob",
    "notes.json",
    "same.json",
    "../" + folder.split("/").at(-1) + "/notes.json",
  ])
    expect(() => expectNoInput([at("new.json"), at(file)], inputs)).toThrow(
      new UserError(`--out: ${at(file)} is one of the input files and would be lost: choose another place`),
    );
  expectNoInput([at("new.json"), at("link.safetensors"), at("nowhere/model.safetensors")], inputs);
});

it.skipIf(process.platform === "win32")("a device may be written without force; no file takes its place", () => {
  expectPlace(["/dev/null"], { force: false });
  expectWritable("/dev/null", false);
  expect(() => expectWritable(at("notes.json"), false)).toThrow(/already exists; --force replaces it$/);
});
