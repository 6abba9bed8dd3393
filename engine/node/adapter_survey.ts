import type { AdapterOptions, AdapterDescription } from "../adapter.ts";
import { chooseAdapter, pick, readWish } from "./adapter.ts";
import { driverFacts, missingForGpu } from "./driver_advice.ts";
import { bundledAdapters, installedAdapters, type FoundAdapters } from "./drivers.ts";
import { RunError } from "../errors.ts";

/** A matrix product shape that a GPU's matrix units support: C[m, n] += A[m, k] B[k, n]. */
export interface MatrixConfig {
  m: number;
  n: number;
  k: number;
  /** Type of A and B, such as "f16". */
  componentType: string;
  /** Type of C. */
  resultComponentType: string;
}

export interface SurveyedAdapter extends AdapterDescription {
  features: string[];
  limits: Record<LimitName, number>;
  /** Empty if there are no matrix units, or Dawn cannot use them. */
  matrixConfigs: MatrixConfig[];
}

/** Everything about this machine's adapters that determines whether, and how fast, a model trains on it. */
export interface AdapterSurvey {
  adapters: SurveyedAdapter[];
  /** Index in `adapters` of the one that `openDevice` takes; undefined if it would throw `error`. */
  picked: number | undefined;
  why: string;
  error: Error | undefined;
  /** What prevents this machine's graphics cards from being used, and the packages that fix it. */
  missing: string[];
  /** Why Dawn rejected installed drivers. */
  refusals: string[];
}

/** The limits that determine which kernels and model sizes fit. */
export const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
  "maxImmediateSize",
] as const;
export type LimitName = (typeof LIMITS)[number];

/** Dawn exposes matrix units, and f16 on NVIDIA, only with these toggles. */
const MATRIX_TOGGLES = ["allow_unsafe_apis", "use_vulkan_memory_model", "vulkan_enable_f16_on_nvidia"];

/** Surveys every adapter, including the bundled one. Throws UserError for an unknown driver kind. */
export async function surveyAdapters(options: AdapterOptions = {}): Promise<AdapterSurvey> {
  const wish = readWish(options);
  const installed = await installedAdapters();
  const bundled = await withoutFailing(bundledAdapters());
  const found = [...installed.adapters, ...(bundled?.adapters ?? [])];

  const behindToggles = [
    await installedAdapters(MATRIX_TOGGLES),
    await withoutFailing(bundledAdapters(MATRIX_TOGGLES)),
  ];
  const matrixConfigs = new Map(
    behindToggles
      .flatMap((part) => part?.adapters ?? [])
      .map(({ adapter, info }) => [info.name, readMatrixConfigs(adapter)]),
  );

  const picked = pick(found, wish);
  const hasGpu = installed.adapters.some(({ info }) => info.type === "gpu");
  return {
    adapters: found.map(({ adapter, info }) => ({
      ...info,
      features: [...adapter.features].sort(),
      limits: Object.fromEntries(LIMITS.map((name) => [name, readLimit(adapter.limits, name)])) as Record<
        LimitName,
        number
      >,
      matrixConfigs: matrixConfigs.get(info.name) ?? [],
    })),
    picked: picked && found.findIndex(({ adapter }) => adapter === picked.adapter),
    why: picked?.why ?? "",
    error: picked
      ? undefined
      : await chooseAdapter(options).then(
          () => undefined,
          (error: Error) => error,
        ),
    missing: hasGpu ? [] : missingForGpu(driverFacts(installed)),
    refusals: installed.refusals,
  };
}

/** If the bundled driver cannot be unpacked, the survey still lists the others; `chooseAdapter` reports the failure if it matters. */
async function withoutFailing(found: Promise<FoundAdapters>): Promise<FoundAdapters | undefined> {
  return found.catch((error: unknown) => {
    if (error instanceof RunError) return undefined;
    throw error;
  });
}

/** Some versions of the type definitions lack some limits. */
const readLimit = (limits: GPUSupportedLimits, name: string): number =>
  (limits as unknown as Record<string, number | undefined>)[name] ?? 0;

/** The fields are getters of a native object, so they are copied by name. */
function readMatrixConfigs(adapter: GPUAdapter): MatrixConfig[] {
  type Native = { M: number; N: number; K: number; componentType: string; resultComponentType: string };
  const { subgroupMatrixConfigs = [] } = adapter.info as { subgroupMatrixConfigs?: Iterable<Native> };
  return Array.from(subgroupMatrixConfigs, ({ M, N, K, componentType, resultComponentType }) => ({
    m: M,
    n: N,
    k: K,
    componentType,
    resultComponentType,
  }));
}
