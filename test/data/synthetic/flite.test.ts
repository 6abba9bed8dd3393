import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { VOICES } from "../../../data/synthetic/flite.ts";
import { loadFlite } from "../../../data/synthetic/load_flite.ts";

/** SHA-256 of all voices' samples, one after another: corpora of this version, and their checkpoints, depend on each. */
const SPOKEN = "2c8f9bb8ad4caedfb4d7f1de2e3bc410d0206abcd78c384a3be03e1d545a293c";

it("speaks the samples that it always spoke, whatever it said before", async () => {
  const synthesize = await loadFlite();
  synthesize(VOICES[1], "seven", { stretch: 1, pitch: 200 });
  const sum = createHash("sha256");
  for (const voice of VOICES) {
    const { samples } = synthesize(voice, "four two nine", { stretch: 1.1, pitch: voice.pitch });
    sum.update(new Uint8Array(samples.buffer));
  }
  expect(sum.digest("hex")).toBe(SPOKEN);
});
