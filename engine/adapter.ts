// Describes adapters and the options to choose one. The host provides them.

/** "gpu": hardware. "system": an installed software driver (llvmpipe, WARP). "bundled": SwiftShader from npm. */
export type DriverKind = "gpu" | "system" | "bundled";

/** A block product that matrix units support: M x K times K x N elements of one type, accumulated in another. */
export interface SubgroupMatrix {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

export interface AdapterDescription {
  /** The driver's name for it, such as "llvmpipe (LLVM 15.0.6, 256 bits)". */
  name: string;
  vendor: string;
  architecture: string;
  /** The driver and its version. */
  description: string;
  type: DriverKind;
  /** Bounds on the subgroup size; both 0 if the adapter does not report them. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
  /** Block products its matrix units support; absent if it has none. */
  subgroupMatrices?: readonly SubgroupMatrix[];
  /** Set if Dawn offers f16 only behind a toggle, because the driver's f16 has failed Vulkan's conformance tests. */
  halfDoubtful?: true;
}

export interface FoundAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  info: AdapterDescription;
}

/** Which adapter to use. Each option falls back to an environment variable: UNFOLD_ADAPTER, UNFOLD_DRIVER. */
export interface AdapterOptions {
  /** Part of the adapter's name, vendor or driver, case-insensitive: "nvidia", "llvmpipe". */
  adapter?: string | undefined;
  /** Only adapters of this kind. */
  driver?: DriverKind | undefined;
  /** Its place among those that fit, from 0, in the order of `unfold devices`. */
  adapterIndex?: number | undefined;
  /** Place of this process among those of its machine that compute together: they take the GPUs that fit in turn. */
  localRank?: number | undefined;
}

export interface ChosenAdapter extends FoundAdapter {
  /** Why this one, for people: "a hardware GPU comes first". */
  why: string;
}
