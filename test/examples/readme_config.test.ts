import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadConfig } from "../../checkpoint/load_config.ts";

it("the config that the README shows is valid, and says what its comments say", () => {
  const [, yaml] =
    /```yaml\n(# config\.yaml[^]*?)```/u.exec(readFileSync(new URL("../../README.md", import.meta.url), "utf8")) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "unfold-readme-"));
  try {
    writeFileSync(join(folder, "config.yaml"), yaml!);
    const { data, units, model, unfold, specAugment } = loadConfig(join(folder, "config.yaml"));
    expect(data.train).toBe(join(folder, "train.jsonl"));
    expect(units).toMatchObject({ kind: "bpe", tokenizer: join(folder, "bpe.json") });
    expect([model.blocks, unfold.order, unfold.depths]).toEqual([4, "cycle", [4, 8]]);
    expect(specAugment).not.toBeNull();
  } finally {
    rmSync(folder, { recursive: true });
  }
});
