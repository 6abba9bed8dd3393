// The engine's host layer for browsers. Bundlers replace node.ts with this file and provide the shaders as the module
// "unfold:shaders": see scripts/browser_plugin.mjs.
import type { AdapterDescription, AdapterOptions, ChosenAdapter } from "../adapter.ts";
import { RunError, UserError } from "../errors.ts";
import { declarationsIn, WORD } from "../kernel/declarations.ts";
import { expandIncludes } from "../kernel/includes.ts";
import type { ShaderSource } from "../kernel/wgsl.ts";
import type { TunedTable } from "../tuning/tuned_table.ts";
import { texts } from "unfold:shaders";

/** A shader from the bundle. Throws if the bundle lacks it. */
export function readShader(label: string, file: URL): ShaderSource {
  if (texts[file.pathname] === undefined) throw new Error(`${label}.wgsl is not among the shaders of this bundle`);
  const code = expandIncludes(file, ({ pathname }) => texts[pathname] as string);
  const { bindings, immediates } = declarationsIn(code);
  return { code, entryPoint: "main", bindings, immediates, immediateBytes: WORD * immediates.length };
}

/** Browsers' names for software adapters. */
const SOFTWARE = ["swiftshader", "llvmpipe", "lavapipe", "warp"];

/**
 * The single adapter that a browser offers; of its name, browsers reveal at most vendor and architecture. Throws RunError without
 * WebGPU, UserError if the options ask for a different adapter.
 */
export async function chooseAdapter({ adapter: wanted, driver }: AdapterOptions = {}): Promise<ChosenAdapter> {
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (!gpu) throw new RunError("this browser has no WebGPU");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new RunError("this browser has WebGPU, but found no adapter");
  const { vendor, architecture, device, description, isFallbackAdapter, subgroupMinSize, subgroupMaxSize } =
    adapter.info;
  const names = [device, description, architecture, vendor].join(" ").toLowerCase();
  const info = {
    name: device || description || [vendor, architecture].filter(Boolean).join(" ") || "an adapter without a name",
    vendor,
    architecture,
    description,
    type: isFallbackAdapter || SOFTWARE.some((name) => names.includes(name)) ? ("system" as const) : ("gpu" as const),
    subgroupMinSize: subgroupMinSize ?? 0,
    subgroupMaxSize: subgroupMaxSize ?? 0,
  };
  if (wanted !== undefined && !names.includes(wanted.toLowerCase()))
    throw new UserError(`no adapter matches '${wanted}': this browser offers only ${info.name}`);
  if (driver !== undefined && driver !== info.type)
    throw new UserError(`there is no adapter of kind ${driver}: this browser offers only ${info.name} (${info.type})`);
  return { gpu, adapter, info, why: "it is the only one that this browser offers" };
}

/** What a table is for: all that a browser tells of the adapter. */
export const tunedMachine = ({ name }: AdapterDescription): string => name;

/** The package's tables are keyed by adapters' full names, which browsers do not reveal. */
export const findTable = (_info: AdapterDescription): TunedTable | undefined => undefined;

/** Browsers settle promises without polling. */
export const waitFor = <T>(promise: Promise<T>): Promise<T> => promise;

/** Browsers cannot force a collection. */
export const collectGarbage = (): void => undefined;
