import type { AdapterDescription, AdapterOptions } from "./adapter.ts";
import { chooseAdapter, findTable, waitFor } from "./host/node.ts";
import { DISPOSE } from "./dispose.ts";
import { RunError } from "./errors.ts";
import { PipelineCache } from "./kernel/pipelines.ts";
import { BufferPool } from "./pool.ts";
import { Profiler } from "./profiler.ts";
import { Recorder } from "./recorder.ts";
import type { TunedTable } from "./tuning/tuned_table.ts";
import type { Traffic } from "./traffic.ts";
import { Tuner } from "./tuning/tuner.ts";

/** Limits that WebGPU keeps at low defaults unless requested by name. */
export const WANTED_LIMITS = [
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

/** One GPU (or software driver) and its resources. There is no global device. */
export class Device {
  readonly gpu: GPUDevice;
  readonly info: AdapterDescription;
  readonly limits: GPUSupportedLimits;
  readonly features: ReadonlySet<string>;
  readonly pool: BufferPool;
  readonly recorder: Recorder;
  readonly pipelines: PipelineCache;
  /** Chooses kernel variants. */
  readonly tuner: Tuner;
  /** The measured times that the tuner uses, if there are any for this adapter. */
  readonly table: TunedTable | undefined;
  /** Set while the bytes that kernels move are counted. */
  traffic: Traffic | undefined;
  /** For tests: fill every new tensor with NaN, to expose elements that no kernel writes. */
  poison = false;
  /** Set if nothing is computed and only memory is counted: see `dryDevice`. */
  dry = false;
  /** Dawn's instance, referenced here because its collection would invalidate everything above. */
  readonly instance: GPU;
  /** The first root cause, and the first error of any kind: the consequences of a broken shader are reported before their cause. */
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
      event.preventDefault(); // otherwise Dawn prints it
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
      () => undefined, // the device was lost, which is reported separately
    );
    this.#checks.add(check);
    void check.then(() => this.#checks.delete(check));
  }

  /** Throws the device's first error: a shader that does not compile, out of memory, a lost device. */
  async throwIfBroken(): Promise<void> {
    await Promise.all(this.#checks);
    const failure = this.#cause ?? this.#failure;
    if (failure) throw failure;
  }

  /** Submits everything and waits until it has run. */
  async finish(): Promise<void> {
    this.recorder.flush();
    await waitFor(this.gpu.queue.onSubmittedWorkDone().catch(() => undefined)); // throwIfBroken reports the reason
    await this.throwIfBroken();
  }

  /** Times every dispatch from now on. Throws if the adapter has no timestamp queries. */
  startProfiling(): Profiler {
    if (!this.features.has("timestamp-query"))
      throw new RunError(`the adapter ${this.info.name} has no timestamp queries`);
    return (this.recorder.profiler ??= new Profiler(this.gpu));
  }

  /** Destroys the pool's unused buffers. */
  trim(): void {
    this.recorder.flush();
    this.pipelines.forgetBindGroups();
    this.pool.trim();
  }

  /** Destroys the device and frees all its memory, so that the process can exit. Pending reads are rejected. */
  close(): void {
    this.#closed = true;
    this.gpu.destroy();
  }

  /** `using device = await openDevice()` closes the device with its block. */
  [DISPOSE](): void {
    this.close();
  }
}

export interface DeviceOptions extends AdapterOptions {
  /**
   * False: choose kernel variants by the adapter's class only. A function: by the table that it finds for the adapter. Default: by
   * the table of this machine or of the package, if there is one.
   */
  tuned?: boolean | ((info: AdapterDescription) => Promise<TunedTable | undefined>);
  /** False: pass sizes in a uniform buffer, as is done if WGSL has no immediates. Default: use immediates if available. */
  immediates?: boolean | undefined;
}

/**
 * Opens a device: a hardware GPU if there is one, or else a software driver. Override the choice with options or the environment
 * variables UNFOLD_ADAPTER and UNFOLD_DRIVER. If there is none, throws a RunError that says what is missing.
 */
export async function openDevice({ tuned = true, immediates, ...options }: DeviceOptions = {}): Promise<Device> {
  const { gpu, adapter, info } = await chooseAdapter(options);
  const table = tuned === true ? findTable(info) : tuned ? await tuned(info) : undefined;
  const requiredLimits = Object.fromEntries(
    WANTED_LIMITS.map((name) => [name, adapter.limits[name as keyof GPUSupportedLimits] as number | undefined]).filter(
      ([, limit]) => limit !== undefined, // a browser may not know the newest limits
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

/** Subgroup kernels read `subgroup_id`; if WGSL lacks it, the device counts as having no subgroups. */
function usableFeatures(features: ReadonlySet<string>, language: ReadonlySet<string>): ReadonlySet<string> {
  return language.has("subgroup_id") ? features : new Set([...features].filter((name) => name !== "subgroups"));
}

function describe(error: GPUError, what: string): RunError {
  const outOfMemory = error.constructor.name === "GPUOutOfMemoryError";
  return new RunError(outOfMemory ? `out of device memory: ${firstLine(error.message)}` : `${what}: ${error.message}`);
}

const firstLine = (message: string): string => message.split("\n")[0] ?? "";
