// All that the engine needs of the place where it runs, in a browser; node.ts is its counterpart. Whoever bundles puts this file in
// its place, and the shaders into the module "unfold:shaders": see scripts/browser_plugin.mjs.
import type { AdapterOptions, ChosenAdapter } from "../adapter.ts";
import { RunError, UserError } from "../errors.ts";
import { expandIncludes } from "../kernel/includes.ts";
import type { ShaderSource } from "../kernel/wgsl.ts";
import type { TunedTable } from "../tuning/tuned_table.ts";
import { declared, texts } from "unfold:shaders";

/** A shader of the bundle, which was reflected when that was made. Throws for one that is not in it. */
export function readShader(label: string, file: URL): ShaderSource {
  const declarations = declared[file.pathname];
  if (declarations === undefined) throw new Error(`${label}.wgsl is not among the shaders of this bundle`);
  const [bindings, immediates] = declarations.split(";").map((list) => list.split(",").filter(Boolean)) as [
    string[],
    string[],
  ];
  return {
    code: expandIncludes(file, ({ pathname }) => texts[pathname] as string),
    entryPoint: "main",
    bindings: bindings.map((words, binding) => {
      const [name, access, scalar, alias] = words.split(" ") as [string, string, string, string?];
      return { name, access, binding, scalar, ...(alias !== undefined && { alias }) };
    }),
    immediates: immediates.map((words, i) => {
      const [name, type] = words.split(" ") as [string, string];
      return { name, type, offset: WORD * i };
    }),
    immediateBytes: WORD * immediates.length,
  };
}

/** Bytes of each immediate. */
const WORD = 4;

/** What browsers call the adapters that are no hardware. */
const SOFTWARE = ["swiftshader", "llvmpipe", "lavapipe", "warp"];

/**
 * The one adapter that a browser shows: of its name it tells vendor and architecture, at most. Throws RunError where there is no
 * WebGPU, UserError if another adapter is asked for than the one there is.
 */
export async function chooseAdapter({ adapter: wanted, driver }: AdapterOptions = {}): Promise<ChosenAdapter> {
  const gpu = (globalThis as { navigator?: { gpu?: GPU } }).navigator?.gpu;
  if (!gpu) throw new RunError("this browser has no WebGPU");
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) throw new RunError("this browser has WebGPU, but found no adapter for it");
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
    throw new UserError(`no adapter matches '${wanted}': this browser offers ${info.name} alone`);
  if (driver !== undefined && driver !== info.type)
    throw new UserError(`there is no adapter of kind ${driver}: this browser offers ${info.name} (${info.type}) alone`);
  return { gpu, adapter, info, why: "it is the one that this browser offers" };
}

/** Tables are for the full names of adapters, which browsers do not tell. */
export const findTable = (_adapter: string): TunedTable | undefined => undefined;

/** A browser's promises settle by themselves. */
export const waitFor = <T>(promise: Promise<T>): Promise<T> => promise;

/** A browser collects when it wants to. */
export const collectGarbage = (): void => undefined;
