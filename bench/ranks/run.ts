// What several ranks cost: writes ranks.json, ranks.md and ranks.svg into bench/results.
//
//     node --import ./scripts/typescript_loader.mjs bench/ranks/run.ts
//
// Needs Open MPI and a build. Steps and all-reduces are measured here; larger clusters are computed by efficiency.ts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { efficiency } from "./efficiency.ts";
import { efficiencyFigure } from "./figure.ts";
import { report } from "./report.ts";
import type { Exchanges, Prediction, Result } from "./result.ts";
import { measureSteps, writeCorpus } from "./steps.ts";

process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
for (const name of ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "OMPI_MCA_rmaps_base_oversubscribe"])
  process.env[name] = "1";

/** Parameters that get gradients (examples/presets): each four bytes on the wire. */
const MODELS = [
  { name: "conformer-paper, seed of 8 blocks", parameters: 33.97e6 },
  { name: "conformer-paper, 12 blocks", parameters: 44.53e6 },
  { name: "wav2vec 2.0 base, seed of 8 blocks", parameters: 66.0e6 },
  { name: "wav2vec 2.0 base, 12 blocks", parameters: 94.4e6 },
];
const RANKS = [2, 4, 8, 16, 32, 64];
const LINKS = [10, 25, 100, 400];
/** Seconds of a step: no GPU's is known, so several. */
const STEPS = [0.1, 0.3, 1];
const [LATENCY, HOST] = [20e-6, 10e9];

const predictions = MODELS.flatMap(({ name: model, parameters }) =>
  LINKS.flatMap((gigabitsPerSecond) =>
    STEPS.flatMap((stepSeconds) =>
      RANKS.map((ranks): Prediction => {
        const assumed = { gigabitsPerSecond, stepSeconds, latency: LATENCY, hostBytesPerSecond: HOST };
        return { model, parameters, ranks, ...assumed, efficiency: efficiency(4 * parameters, ranks, assumed) };
      }),
    ),
  ),
);

function allReduces(ranks: number): Exchanges["sizes"] {
  const words = ["--import", "./scripts/typescript_loader.mjs", "bench/ranks/all_reduce.ts"];
  const started = ["-n", String(ranks), "--bind-to", "none", process.execPath, ...words];
  const { status, stdout, stderr } = spawnSync("mpirun", started, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Exchanges["sizes"];
}

const folder = mkdtempSync(join(tmpdir(), "unfold-ranks-"));
const load = [loadavg()[0] as number];
await writeCorpus(folder);
const steps = [1, 2, 4].map((ranks) => measureSteps(folder, ranks));
const exchanges = [2, 4].map((ranks) => ({ ranks, sizes: allReduces(ranks) }));
load.push(loadavg()[0] as number);
rmSync(folder, { recursive: true });

const result: Result = {
  date: new Date().toISOString().slice(0, 10),
  cores: availableParallelism(),
  load,
  steps,
  exchanges,
  predictions,
};
writeFileSync("bench/results/ranks.json", `${JSON.stringify(result, null, 1)}\n`);
writeFileSync("bench/results/ranks.md", report(result));
writeFileSync("bench/results/ranks.svg", efficiencyFigure(predictions));
