import { basename } from "node:path";
import type { Command } from "commander";
import { UserError } from "../engine/errors.ts";
import { averageCheckpoints } from "../checkpoint/average.ts";
import { checkpointFile, stateBeside, writeCheckpoint } from "../checkpoint/checkpoint_file.ts";
import { expectNoInput, expectPlace } from "../data/files/output_place.ts";

export function register(program: Command): void {
  program
    .command("average <checkpoints...>")
    .description(
      "Average the weights of two or more checkpoints, including running statistics, into one checkpoint for recognition.",
    )
    .requiredOption("--out <file>", "the .safetensors file to write")
    .option("--force", "overwrite an existing file")
    .action(average);
}

function average(checkpoints: string[], { out, force }: { out: string; force?: true }): void {
  if (checkpoints.length < 2) throw new UserError(`averaging needs two or more checkpoints, got ${checkpoints.length}`);
  if (!out.endsWith(".safetensors"))
    throw new UserError(`--out: expected a name that ends in .safetensors, got '${out}'`);
  expectPlace([out, stateBeside(out)], { force: force === true });
  const mean = averageCheckpoints(checkpoints);
  expectNoInput([out, stateBeside(out)], checkpoints.map(checkpointFile));
  writeCheckpoint(out, mean.tensors, mean.state);
  process.stdout.write(
    `${out}: the average of ${checkpoints.map((path) => basename(path)).join(", ")} (steps ${(mean.state.averageOf ?? []).join(", ")})\n`,
  );
}
