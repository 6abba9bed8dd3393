import { bundledDriver } from "./bundled_driver.ts";
import { openLibc, withEnvironment, type Libc } from "./libc.ts";
import { captureStderr, readMessages, type StartupMessages } from "./startup_messages.ts";

/** "gpu": hardware. "system": a software driver that is installed (llvmpipe, WARP). "bundled": SwiftShader from npm. */
export type DriverKind = "gpu" | "system" | "bundled";

export interface AdapterDescription {
  /** As the driver calls it, such as "llvmpipe (LLVM 15.0.6, 256 bits)". */
  name: string;
  vendor: string;
  architecture: string;
  /** The driver and its version. */
  description: string;
  type: DriverKind;
  /** The width of a subgroup is between these two; both 0 where the adapter does not tell. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

export interface FoundAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  info: AdapterDescription;
}

export interface FoundAdapters extends StartupMessages {
  adapters: FoundAdapter[];
  /** Which Vulkan loader answered; "platform" where Dawn needs none (Metal, Direct3D 12). */
  loader: "platform" | "system" | "bundled" | "none";
}

/**
 * Every adapter that the machine's own drivers offer, in Dawn's order for high performance.
 *
 * On Linux a Vulkan loader is found first; a machine with a GPU's driver but no loader gets the bundled loader.
 * `toggles` are Dawn's names of features to enable, for a look at what is behind them.
 */
export async function installedAdapters(toggles: string[] = []): Promise<FoundAdapters> {
  if (process.platform !== "linux") return findAdapters("platform", undefined, toggles);
  const libc = await openLibc();
  const loader = libc ? await loadVulkan(libc) : "none";
  return findAdapters(loader, undefined, toggles);
}

/** The adapter of the bundled driver; an empty list where it cannot run (see `bundledDriver`). */
export async function bundledAdapters(toggles: string[] = []): Promise<FoundAdapters> {
  const driver = await bundledDriver();
  const libc = driver && await openLibc();
  if (!driver || !libc) return { adapters: [], refusals: [], others: [], loader: "none" };
  return findAdapters(await loadVulkan(libc), driver.icd, toggles);
}

/** Dawn asks for "libvulkan.so.1" by name only, so a bundled one must be in the process before Dawn looks. */
async function loadVulkan(libc: Libc): Promise<"system" | "bundled" | "none"> {
  try {
    libc.loadGlobally("libvulkan.so.1");
    return loadedBundled ? "bundled" : "system";
  } catch { /* not installed */ }
  const driver = await bundledDriver();
  if (!driver) return "none";
  libc.loadGlobally(driver.loader);
  loadedBundled = true;
  return "bundled";
}

/** Once the bundled loader is in this process, it answers to the system loader's name as well. */
let loadedBundled = false;

async function findAdapters(
  loader: FoundAdapters["loader"], icd: string | undefined, toggles: string[],
): Promise<FoundAdapters> {
  const libc = await openLibc();
  const { create } = await import("webgpu");
  // Timestamps in steps of 65 µs are a protection of browsers; a profile needs them as the driver gives them.
  const options = ["disable-dawn-features=timestamp_quantization", ...(toggles.length > 0 ? [`enable-dawn-features=${toggles.join(",")}`] : [])];
  let stderr = "";

  // Dawn enumerates while requestAdapter() is called, not when its promise settles: the drivers' list
  // and the descriptor for messages can be put back as soon as the call returns.
  const request = (extra: string[]): { gpu: GPU; promise: Promise<GPUAdapter | null> } => {
    const gpu = create([...options, ...extra]);
    const call = () => captureStderr(libc, () => gpu.requestAdapter({ powerPreference: "high-performance" }));
    const drivers = { VK_DRIVER_FILES: null, VK_ADD_DRIVER_FILES: null, VK_ICD_FILENAMES: icd ?? null };
    const { value, text } = icd && libc ? withEnvironment(libc, drivers, call) : call();
    stderr += `${text}\n`;
    return { gpu, promise: value };
  };

  const adapters: FoundAdapter[] = [];
  for (const name of await adapterNames(request([NO_SUCH_ADAPTER]).promise)) {
    const { gpu, promise } = request(name === undefined ? [] : [`adapter=${name}`]);
    const adapter = await promise;
    if (adapter) adapters.push({ gpu, adapter, info: summary(adapter, name, icd !== undefined) });
  }
  return { adapters, loader, ...readMessages(stderr) };
}

const NO_SUCH_ADAPTER = "adapter=(list all)";

/** Dawn's way to list adapters is to refuse a name that does not exist. Undefined stands for "whichever comes first". */
async function adapterNames(refused: Promise<GPUAdapter | null>): Promise<(string | undefined)[]> {
  try {
    await refused;
    return []; // no adapter at all is no error
  } catch (error) {
    const names = [...String(error).matchAll(/^ \* backend: '.*?', name: '(.*)'$/gm)].map((match) => match[1]);
    return names.length > 0 ? [...new Set(names)] : [undefined];
  }
}

function summary(adapter: GPUAdapter, name: string | undefined, bundled: boolean): AdapterDescription {
  const { device, vendor, architecture, description, isFallbackAdapter, subgroupMinSize = 0, subgroupMaxSize = 0 } = adapter.info;
  const type = bundled ? "bundled" : isFallbackAdapter ? "system" : "gpu";
  return { name: name ?? device, vendor, architecture, description, type, subgroupMinSize, subgroupMaxSize };
}
