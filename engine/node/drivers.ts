import type { AdapterDescription, FoundAdapter, SubgroupMatrix } from "../adapter.ts";
import { bundledDriver } from "./bundled_driver.ts";
import { openLibc, withEnvironment, type Libc } from "./libc.ts";
import { captureStderr, readMessages, type StartupMessages } from "./startup_messages.ts";

export interface FoundAdapters extends StartupMessages {
  adapters: FoundAdapter[];
  /** Which Vulkan loader was used; "platform" if Dawn needs none (Metal, Direct3D 12). */
  loader: "platform" | "system" | "bundled" | "none";
}

/**
 * Dawn toggles to enable before requesting an adapter: matrix units need the first two, and f16 on NVIDIA's drivers before 615.71
 * needs the third.
 */
const MATRIX_UNITS = ["allow_unsafe_apis", "use_vulkan_memory_model", "vulkan_enable_f16_on_nvidia"];

/**
 * Every adapter of the machine's installed drivers, in Dawn's high-performance order.
 *
 * On Linux this first finds a Vulkan loader; a machine with a GPU driver but no loader gets the bundled one. `toggles` are Dawn
 * features to enable, to see what they unlock.
 */
export async function installedAdapters(toggles: string[] = []): Promise<FoundAdapters> {
  if (process.platform !== "linux") return findAdapters("platform", undefined, toggles);
  const libc = await openLibc();
  const loader = libc ? await loadVulkan(libc) : "none";
  return findAdapters(loader, undefined, toggles);
}

/** The bundled driver's adapter; an empty list if it cannot run (see `bundledDriver`). */
export async function bundledAdapters(toggles: string[] = []): Promise<FoundAdapters> {
  const driver = await bundledDriver();
  const libc = driver && (await openLibc());
  if (!driver || !libc) return { adapters: [], refusals: [], others: [], loader: "none" };
  return findAdapters(await loadVulkan(libc), driver.icd, toggles);
}

/** Dawn loads "libvulkan.so.1" by name only, so the bundled one must be loaded before Dawn looks for it. */
async function loadVulkan(libc: Libc): Promise<"system" | "bundled" | "none"> {
  try {
    libc.loadGlobally("libvulkan.so.1");
    return loadedBundled ? "bundled" : "system";
  } catch {
    /* not installed */
  }
  const driver = await bundledDriver();
  if (!driver) return "none";
  libc.loadGlobally(driver.loader);
  loadedBundled = true;
  return "bundled";
}

/** Once the bundled loader is loaded, it also answers to the system loader's name. */
let loadedBundled = false;

async function findAdapters(
  loader: FoundAdapters["loader"],
  icd: string | undefined,
  toggles: string[],
): Promise<FoundAdapters> {
  const libc = await openLibc();
  const { create } = await import("webgpu");
  // Dawn rounds timestamps to 65 µs to protect browsers; a profile needs the driver's own resolution.
  const always = "disable-dawn-features=timestamp_quantization";
  let stderr = "";

  // Dawn enumerates during the call to requestAdapter(), not when its promise settles, so the driver list and stderr can be
  // restored as soon as the call returns.
  const request = (options: string[], enabled = toggles): { gpu: GPU; promise: Promise<GPUAdapter | null> } => {
    const gpu = create([
      always,
      ...(enabled.length > 0 ? [`enable-dawn-features=${enabled.join(",")}`] : []),
      ...options,
    ]);
    const call = () => captureStderr(libc, () => gpu.requestAdapter({ powerPreference: "high-performance" }));
    const drivers = { VK_DRIVER_FILES: null, VK_ADD_DRIVER_FILES: null, VK_ICD_FILENAMES: icd ?? null };
    const { value, text } = icd && libc ? withEnvironment(libc, drivers, call) : call();
    stderr += `${text}\n`;
    return { gpu, promise: value };
  };

  const adapters: FoundAdapter[] = [];
  for (const name of await adapterNames(request([NO_SUCH_ADAPTER]).promise)) {
    const option = name === undefined ? [] : [`adapter=${name}`];
    const { gpu, promise } = request(option);
    const adapter = await promise;
    if (!adapter) continue;
    const info = summary(adapter, name, icd !== undefined);
    const unlocked = info.type === "gpu" ? request(option, [...toggles, ...MATRIX_UNITS]) : undefined;
    const withUnits = await unlocked?.promise;
    if (unlocked && withUnits)
      adapters.push({
        gpu: unlocked.gpu,
        adapter: withUnits,
        info: { ...summary(withUnits, name, false), ...doubtsAboutHalf(adapter, withUnits) },
      });
    else adapters.push({ gpu, adapter, info });
  }
  return { adapters, loader, ...readMessages(stderr) };
}

const NO_SUCH_ADAPTER = "adapter=(list all)";

/** Dawn lists its adapters only when rejecting a nonexistent name. Undefined stands for "whichever comes first". */
async function adapterNames(refused: Promise<GPUAdapter | null>): Promise<(string | undefined)[]> {
  try {
    await refused;
    return []; // having no adapter at all is not an error
  } catch (error) {
    const names = [...String(error).matchAll(/^ \* backend: '.*?', name: '(.*)'$/gm)].map((match) => match[1]);
    return names.length > 0 ? [...new Set(names)] : [undefined];
  }
}

function summary(adapter: GPUAdapter, name: string | undefined, bundled: boolean): AdapterDescription {
  const {
    device,
    vendor,
    architecture,
    description,
    isFallbackAdapter,
    subgroupMinSize = 0,
    subgroupMaxSize = 0,
  } = adapter.info;
  const type = bundled ? "bundled" : isFallbackAdapter ? "system" : "gpu";
  const matrices = subgroupMatrices(adapter);
  return {
    name: name ?? device,
    vendor,
    architecture,
    description,
    type,
    subgroupMinSize,
    subgroupMaxSize,
    ...(matrices.length > 0 ? { subgroupMatrices: matrices } : {}),
  };
}

/** Compares an adapter as Dawn offers it by default and with MATRIX_UNITS enabled. */
export const doubtsAboutHalf = (
  plain: Pick<GPUAdapter, "features">,
  unlocked: Pick<GPUAdapter, "features">,
): Pick<AdapterDescription, "halfDoubtful"> =>
  unlocked.features.has("shader-f16") && !plain.features.has("shader-f16") ? { halfDoubtful: true } : {};

/** Copied field by field, because the fields of Dawn's objects are getters that die with the adapter. */
function subgroupMatrices(adapter: GPUAdapter): SubgroupMatrix[] {
  const { subgroupMatrixConfigs = [] } = adapter.info as GPUAdapterInfo & {
    readonly subgroupMatrixConfigs?: readonly SubgroupMatrix[];
  };
  return subgroupMatrixConfigs.map(({ componentType, resultComponentType, M, N, K }) => ({
    componentType,
    resultComponentType,
    M,
    N,
    K,
  }));
}
