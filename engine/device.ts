import type { AdapterDescription, AdapterOptions } from "./adapter.ts";
import { chooseAdapter, findTable, waitFor } from "./host/node.ts";
import { RunError } from "./errors.ts";
import { PipelineCache } from "./kernel/pipelines.ts";
import { BufferPool } from "./pool.ts";
import { Profiler } from "./profiler.ts";
import { Recorder } from "./recorder.ts";
import type { TunedTable } from "./tuning/tuned_table.ts";
import type { Traffic } from "./traffic.ts";
import { Tuner } from "./tuning/tuner.ts";

/** Limits that WebGPU keeps low unless they are asked for by name. */
const WANTED_LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxImmediateSize",
] as const;

const WANTED_FEATURES = [
  "timestamp-query",
  "shader-f16",
  "subgroups",
  "chromium-experimental-subgroup-matrix",
] as readonly GPUFeatureName[];

interface DeviceParts {
  readonly table?: TunedTable | undefined;
  readonly immediates?: boolean | undefined;
}

/** One GPU (or software driver) with everything that belongs to it. There is no global device. */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: AdapterDescription;
  readonly limits: GPUSupportedLimits;
  readonly features: ReadonlySet<string>;
  readonly pool: BufferPool;
  readonly recorder: Recorder;
  readonly pipelines: PipelineCache;
  /** Names the variant of a kernel to use. */
  readonly tuner: Tuner;
  /** The measured times that the tuner reads, if there are any for this adapter. */
  readonly table: TunedTable | undefined;
  /** Set while the bytes that kernels move are counted. */
  traffic: Traffic | undefined;
  /** For tests: every new tensor is filled with NaN first, so that an element no kernel writes shows. */
  poison = false;
  /** Set where nothing is computed and only memory is counted: see `dryDevice`. */
  dry = false;
  /** Dawn's instance, held because everything above ends with it when it is collected. */
  readonly instance: GPU;
  /** The first error with a cause of its own, and the first of any kind: what follows from a broken shader arrives before its cause. */
  #cause: Error | undefined;
  #failure: Error | undefined;
  #closed = false;
  readonly #checks = new Set<Promise<void>>();

  constructor(
    instance: GPU,
    gpu: GPUDevice,
    info: AdapterDescription,
    { table, immediates = instance.wgslLanguageFeatures.has("immediate_address_space") }: DeviceParts = {},
  ) {
    this.instance = instance;
    this.gpu = gpu;
    this.info = info;
    this.limits = gpu.limits;
    this.features = usableFeatures(gpu.features as ReadonlySet<string>, instance.wgslLanguageFeatures);
    this.pool = new BufferPool(gpu, () => this.trim());
    this.recorder = new Recorder(gpu, { immediates });
    this.pipelines = new PipelineCache(this);
    this.table = table;
    this.tuner = new Tuner(this, table);
    gpu.onuncapturederror = (event) => {
      event.preventDefault(); // else Dawn prints it
      this.#failure ??= describe(event.error, "the device refused a command");
    };
    void gpu.lost.then((lost) => {
      this.#failure ??= new RunError(
        this.#closed ? "the device was closed" : `the device was lost (${info.name}): ${firstLine(lost.message)}`,
      );
    });
  }

  /** True where the adapter is a CPU: kernels then prefer registers to workgroup memory. */
  get isSoftware(): boolean {
    return this.info.type !== "gpu";
  }

  /** Keeps the error that `scope` resolves to, if any, for the next `throwIfBroken`. */
  watch(scope: Promise<GPUError | null>, what: string): void {
    const check = scope.then(
      (error) => {
        if (error) this.#cause ??= describe(error, what);
      },
      () => undefined, // no answer from a device that is lost, which is reported by itself
    );
    this.#checks.add(check);
    void check.then(() => this.#checks.delete(check));
  }

  /** Throws the first error that the device met: a shader that does not compile, memory that ran out, a lost device. */
  async throwIfBroken(): Promise<void> {
    await Promise.all(this.#checks);
    const failure = this.#cause ?? this.#failure;
    if (failure) throw failure;
  }

  /** Submits everything and waits until it has run. */
  async finish(): Promise<void> {
    this.recorder.flush();
    await waitFor(this.gpu.queue.onSubmittedWorkDone().catch(() => undefined)); // its reason, if any, is thrown next
    await this.throwIfBroken();
  }

  /** Times every dispatch from now on. Throws where the adapter has no timestamps. */
  startProfiling(): Profiler {
    if (!this.features.has("timestamp-query"))
      throw new RunError(`the adapter ${this.info.name} has no timestamp queries`);
    return (this.recorder.profiler ??= new Profiler(this.gpu));
  }

  /** Destroys all waiting buffers of the pool. */
  trim(): void {
    this.recorder.flush();
    this.pipelines.forgetBindGroups();
    this.pool.trim();
  }

  /** Ends the device and frees all its memory; the process can then end by itself. Reads still under way are refused. */
  close(): void {
    this.#closed = true;
    this.gpu.destroy();
  }
}

export interface DeviceOptions extends AdapterOptions {
  /** False: variants are chosen by the adapter's class alone. Default: by the table of this adapter, where there is one. */
  tuned?: boolean;
  /** False: sizes go through a uniform buffer, as they do where WGSL has no immediates. Default: whatever WGSL has. */
  immediates?: boolean | undefined;
}

/**
 * Opens a device: a hardware GPU if there is one, else a software driver. Options and the environment variables
 * UNFOLD_ADAPTER and UNFOLD_DRIVER choose another. Throws a RunError that says what is missing when there is none.
 */
export async function openDevice({ tuned = true, immediates, ...options }: DeviceOptions = {}): Promise<Device> {
  const { gpu, adapter, info } = await chooseAdapter(options);
  const table = tuned ? findTable(info.name) : undefined;
  const requiredLimits = Object.fromEntries(
    WANTED_LIMITS.map((name) => [name, adapter.limits[name as keyof GPUSupportedLimits] as number | undefined]).filter(
      ([, limit]) => limit !== undefined, // a browser may not know the newest ones
    ),
  );
  const requiredFeatures = WANTED_FEATURES.filter((feature) => adapter.features.has(feature));
  try {
    return new Device(gpu, await adapter.requestDevice({ requiredLimits, requiredFeatures }), info, {
      table,
      immediates,
    });
  } catch (error) {
    throw new RunError(`the adapter ${info.name} gave no device: ${firstLine((error as Error).message)}`);
  }
}

/** Kernels with subgroups ask which of its workgroup a subgroup is: without `subgroup_id` there are none for them. */
function usableFeatures(features: ReadonlySet<string>, language: ReadonlySet<string>): ReadonlySet<string> {
  return language.has("subgroup_id") ? features : new Set([...features].filter((name) => name !== "subgroups"));
}

function describe(error: GPUError, what: string): RunError {
  const outOfMemory = error.constructor.name === "GPUOutOfMemoryError";
  return new RunError(outOfMemory ? `out of device memory: ${firstLine(error.message)}` : `${what}: ${error.message}`);
}

const firstLine = (message: string): string => message.split("\n")[0] ?? "";
