import type { AdapterOptions, ChosenAdapter, DriverKind, FoundAdapter } from "../adapter.ts";
import { driverFacts, installAdvice } from "./driver_advice.ts";
import { bundledAdapters, installedAdapters, type FoundAdapters } from "./drivers.ts";
import { RunError, SEE_DOCTOR, UserError } from "../errors.ts";

/** Where adapters come from; tests substitute other machines. */
export interface AdapterSources {
  installed(): Promise<FoundAdapters>;
  bundled(): Promise<FoundAdapters>;
}

const SOURCES: AdapterSources = { installed: installedAdapters, bundled: bundledAdapters };

const DRIVER_KINDS: readonly DriverKind[] = ["gpu", "system", "bundled"];

/**
 * The adapter to compute on: a hardware GPU, else an installed software driver, else the bundled SwiftShader. Reports on stderr if
 * Dawn rejects the installed driver. Throws UserError for an unknown driver kind or an adapter name that matches nothing, RunError
 * if there is no adapter at all.
 */
export async function chooseAdapter(
  options: AdapterOptions = {},
  look: AdapterSources = SOURCES,
): Promise<ChosenAdapter> {
  const wish = readWish(options);
  const installed = wish.driver === "bundled" ? undefined : await look.installed();
  for (const message of installed?.others ?? []) process.stderr.write(`${message}\n`);

  const first = installed && pick(installed.adapters, wish);
  if (first) return finish(first);

  const bundled = wish.driver === undefined || wish.driver === "bundled" ? await look.bundled() : undefined;
  for (const message of bundled?.others ?? []) process.stderr.write(`${message}\n`);
  const second = bundled && pick(bundled.adapters, wish);
  if (second) {
    if (installed && installed.refusals.length > 0)
      process.stderr.write(`unfold: ${refusalNotice(installed.refusals)}\n`);
    return finish(second);
  }
  throw noAdapter(wish, installed, bundled);
}

/** The adapter that `chooseAdapter` takes, with the reason; undefined if none fits. */
export function pick(adapters: readonly FoundAdapter[], wish: AdapterOptions): ChosenAdapter | undefined {
  const fitting = adapters.filter(
    ({ info }) => (wish.driver ?? info.type) === info.type && matches(info, wish.adapter),
  );
  const rank = ({ info }: FoundAdapter): number => DRIVER_KINDS.indexOf(info.type);
  const best = fitting.reduce<FoundAdapter | undefined>(
    (best, next) => (best && rank(best) <= rank(next) ? best : next),
    undefined,
  );
  return best && { ...best, why: reason(best.info.type, wish) };
}

/** The options, with defaults from the environment. Throws UserError for an unknown driver kind. */
export function readWish(options: AdapterOptions): AdapterOptions {
  const driver = options.driver ?? (process.env.UNFOLD_DRIVER || undefined);
  const adapter = options.adapter ?? (process.env.UNFOLD_ADAPTER || undefined);
  const kind = DRIVER_KINDS.find((kind) => kind === driver);
  if (driver !== undefined && kind === undefined) {
    throw new UserError(`unknown driver '${driver}': expected gpu, system or bundled`);
  }
  return { adapter, driver: kind };
}

function matches(info: FoundAdapter["info"], substring: string | undefined): boolean {
  if (substring === undefined) return true;
  const text = [info.name, info.vendor, info.architecture, info.description].join("\n").toLowerCase();
  return text.includes(substring.toLowerCase());
}

function reason(type: DriverKind, wish: AdapterOptions): string {
  if (wish.adapter !== undefined) return `its name matches '${wish.adapter}'`;
  if (wish.driver !== undefined) return `the driver '${wish.driver}' was requested`;
  if (type === "gpu") return "a hardware GPU comes first";
  if (type === "system") return "there is no usable hardware GPU, and an installed software driver comes next";
  return "there is neither a usable hardware GPU nor an installed software driver";
}

function refusalNotice(refusals: string[]): string {
  const why = refusals.map((refusal) => refusal.replace(/\.$/, "")).join("; ");
  return `the installed Vulkan driver cannot be used (${why}; for Mesa, 23.1 or newer is needed): taking the slower bundled one`;
}

function finish(chosen: ChosenAdapter): ChosenAdapter {
  if (chosen.gpu.wgslLanguageFeatures.has("immediate_address_space")) return chosen;
  throw new RunError(
    `the adapter ${chosen.info.name} lacks the WGSL feature immediate_address_space, which the kernels need: ` +
      "the package 'webgpu' must be 0.6.2 or newer",
  );
}

function noAdapter(wish: AdapterOptions, ...found: (FoundAdapters | undefined)[]): Error {
  const names = found.flatMap((part) => part?.adapters ?? []).map(({ info }) => `${info.name} (${info.type})`);
  const kind = wish.driver ? `adapter of kind '${wish.driver}'` : "adapter";
  if (wish.adapter !== undefined && names.length > 0) {
    return new UserError(`no ${kind} matches '${wish.adapter}': found ${names.join(", ")}`);
  }
  if (wish.driver === "bundled") {
    return new RunError(
      `the bundled driver is not installed: it runs on Linux x64 only, and npm ci --omit=optional leaves it out${SEE_DOCTOR}`,
    );
  }
  const facts = driverFacts(found[0] ?? { adapters: [], refusals: [], others: [], loader: "none" });
  const refused = facts.refusals.length > 0 ? ` (refused: ${facts.refusals.join("; ")})` : "";
  return new RunError(`no WebGPU ${kind} was found${refused}: ${installAdvice(facts, wish.driver)}${SEE_DOCTOR}`);
}
