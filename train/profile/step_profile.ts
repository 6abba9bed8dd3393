import { join } from "node:path";
import type { Device } from "../../engine/device.ts";
import { RunError } from "../../engine/errors.ts";
import { Profiler, totalsOf, type ProfiledDispatch } from "../../engine/profiler.ts";
import { writeAtomically } from "../../data/files/atomic_file.ts";
import { formatNumber, formatPercent } from "../../data/text/number_format.ts";
import { chromeTrace, type HostSpan, type StepDispatch } from "./chrome_trace.ts";
import { kernelShares, kernelSharesTable } from "./kernel_shares.ts";
import type { Phase } from "./phases.ts";

/** File name of the trace in a run's folder. */
export const PROFILE_FILE = "profile.json";

/** Steps before the first profiled one: they compile pipelines and create buffers. */
export const WARMUP_STEPS = 3;

/**
 * Profiles a few training steps, on the host and on the device. Results stay the same; the steps take longer, since every
 * dispatch gets a compute pass of its own.
 */
export class StepProfile {
  readonly #device: Device;
  readonly #profiler: Profiler;
  #warmup = WARMUP_STEPS;
  #left: number;
  readonly #host: HostSpan[] = [];
  /** The profiled steps, each with the total number of dispatches at its end. */
  readonly #steps: { step: number; dispatches: number }[] = [];
  #current: { step: number; begin: number; dispatches: number } | undefined;

  /** @throws RunError if the adapter has no timestamp queries */
  constructor(device: Device, steps: number) {
    if (!device.features.has("timestamp-query"))
      throw new RunError(
        `--profile needs timestamp queries, which the adapter ${device.info.name} does not have; run again without --profile`,
      );
    this.#device = device;
    this.#profiler = new Profiler(device.gpu);
    this.#left = steps;
  }

  /** Call before a step does anything. */
  beginStep(step: number): void {
    if (this.#left === 0 || this.#warmup-- > 0) return;
    const { recorder } = this.#device;
    recorder.profiler = this.#profiler;
    this.#current = { step, begin: performance.now(), dispatches: recorder.dispatches };
  }

  /** Times a phase if its step is profiled. */
  readonly phase: Phase = (name, body) => {
    const step = this.#current?.step;
    if (step === undefined) return body();
    const begin = performance.now();
    const end = (): void => void this.#host.push({ name, begin, end: performance.now(), step });
    const result = body();
    if (result instanceof Promise) return result.finally(end) as typeof result;
    end();
    return result;
  };

  /**
   * Call when a step is submitted. Returns true when the profile is ready to be written: after the last requested step or
   * the run's last.
   */
  endStep(isLast: boolean): boolean {
    const { recorder } = this.#device;
    recorder.profiler = undefined;
    if (this.#left === 0) return false;
    if (this.#current) {
      const { step, begin, dispatches } = this.#current;
      const before = this.#steps.at(-1)?.dispatches ?? 0;
      this.#steps.push({ step, dispatches: before + recorder.dispatches - dispatches });
      this.#host.push({ name: `step ${step}`, begin, end: performance.now(), step });
      this.#current = undefined;
      this.#left--;
    }
    if (isLast) this.#left = 0;
    return this.#left === 0;
  }

  /** Writes the trace into a run's folder and returns a summary. Waits for the device. */
  async write(folder: string): Promise<string> {
    if (this.#steps.length === 0)
      return `--profile: nothing to show, the run ended within the ${WARMUP_STEPS} warm-up steps`;
    await this.#device.finish();
    const dispatches = await this.#profiler.dispatches();
    const stepOf = (index: number): number =>
      (this.#steps.find((step) => index < step.dispatches) as { step: number }).step;
    const kernels: StepDispatch[] = dispatches.map((dispatch, i) => ({ ...dispatch, step: stepOf(i) }));
    const path = join(folder, PROFILE_FILE);
    writeAtomically(path, Buffer.from(`${JSON.stringify(chromeTrace(this.#host, kernels, this.#device.info.name))}\n`));
    const shares = kernelShares(totalsOf(dispatches), this.#steps.length);
    return [
      ...this.#headlines(dispatches),
      kernelSharesTable(shares),
      `Trace for chrome://tracing or ui.perfetto.dev: ${path}`,
    ].join("\n");
  }

  #headlines(dispatches: readonly ProfiledDispatch[]): string[] {
    const [first, last] = [this.#steps[0]?.step, this.#steps.at(-1)?.step];
    const busy = dispatches.reduce((sum, { begin, end }) => sum + (end - begin) / 1e6, 0);
    const whole = dispatches.reduce((latest, { end }) => Math.max(latest, end / 1e6), 0); // the first begins at 0
    const phases = new Map<string, number>();
    for (const { name, begin, end } of this.#host)
      if (!name.startsWith("step ")) phases.set(name, (phases.get(name) ?? 0) + end - begin);
    const perStep = (ms: number): string => `${formatNumber(ms / this.#steps.length)} ms`;
    return [
      `Profile of ${first === last ? `step ${first}` : `steps ${first} to ${last}`}: kernels ran for ${perStep(busy)} per step, ${formatPercent(busy / whole)} of the device's time.`,
      `Host time per step: ${[...phases].map(([name, ms]) => `${name} ${perStep(ms)}`).join(", ")}.`,
    ];
  }
}
