import type { Command } from "commander";
import { addAdapterOptions, adapterOptions } from "./options/adapter.ts";
import type { AdapterOptions } from "../engine/adapter.ts";
import { examine } from "./doctor/examine.ts";
import { examinationText } from "./doctor/finding.ts";

export function register(program: Command): void {
  const command = program
    .command("doctor")
    .description(
      "Examine this machine: Node, drivers, a kernel's result, cache folder, disk, memory, threads; and for what is wrong say the command that mends it. Exits with 1 if something is.",
    );
  addAdapterOptions(command).action(doctor);
}

async function doctor(options: AdapterOptions): Promise<void> {
  const findings = await examine(adapterOptions(options));
  process.stdout.write(examinationText(findings));
  if (findings.some(({ verdict }) => verdict === "fault")) process.exitCode = 1;
}
