import type { Command } from "commander";
import { benchKernels, type KernelReport, type Selection } from "../bench/kernels.ts";
import { kernelTable, labelOf, METHOD } from "../bench/kernel_table.ts";
import { loadOperations } from "../bench/operations.ts";
import { benchDisplay } from "../bench/progress.ts";
import type { AdapterOptions } from "../engine/adapter.ts";
import { openDevice } from "../engine/device.ts";
import { RunError } from "../engine/errors.ts";
import { adapterOptions, addAdapterOptions } from "./adapter_options.ts";

export function register(program: Command): void {
  const bench = program.command("bench").description("Measure how fast this machine computes.");
  const kernels = bench
    .command("kernels")
    .description("Time each operation on the cases its tests use; one that gives wrong results is refused.")
    .option("--filter <name>", "only cases whose 'operation: case' contains this")
    .option("--all", "the tests' small cases as well")
    .option("--json", "print everything as JSON");
  addAdapterOptions(kernels).action(runKernels);
}

async function runKernels(options: Selection & AdapterOptions & { json?: true }): Promise<void> {
  const operations = await loadOperations();
  const display = benchDisplay();
  const report = await benchKernels(operations, {
    ...options,
    open: () => openDevice(adapterOptions(options)),
    onProgress: display.update,
  }).finally(display.stop);
  const date = new Date().toISOString();
  process.stdout.write(`${options.json ? JSON.stringify(toJson(report, date, process.argv.slice(2)), null, 2) : kernelTable(report, date)}\n`);
  throwUntimed(report);
}

/** What another program needs to compare two runs: the machine, when, how, and every number. */
export function toJson({ adapter, results }: KernelReport, date: string, words: readonly string[]): object {
  const { name, description, type } = adapter;
  return { adapter: name, driver: description, kind: type, date, command: ["unfold", ...words].join(" "), method: METHOD, results };
}

/** Throws a RunError, for the exit code 1, if a case was wrong or failed. */
export function throwUntimed({ results }: KernelReport): void {
  const untimed = results.filter(({ status }) => status !== "timed");
  if (untimed.length > 0) throw new RunError(`${untimed.length} of ${results.length} not timed: ${untimed.map((result) => `${labelOf(result)} (${result.status})`).join(", ")}`);
}
