import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UserError } from "../../../engine/errors.ts";
import { openSafetensors } from "../../../checkpoint/safetensors/file.ts";
import { readRecording } from "../../../data/audio/audio.ts";

test("a pointer of Git LFS in a file's place is named, as audio and as weights", async () => {
  const folder = mkdtempSync(join(tmpdir(), "unfold-lfs-"));
  const file = join(folder, "model.safetensors");
  try {
    writeFileSync(file, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 377607901\n");
    const message = new UserError(`${file} is only a pointer of Git LFS to the file: fetch it with git lfs pull`);
    expect(() => openSafetensors(file)).toThrow(message);
    await expect(readRecording(file)).rejects.toThrow(message);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
