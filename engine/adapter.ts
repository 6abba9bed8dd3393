// What the engine knows of an adapter, and what one may ask for. Where adapters come from is the host's affair.

/** "gpu": hardware. "system": a software driver that is installed (llvmpipe, WARP). "bundled": SwiftShader from npm. */
export type DriverKind = "gpu" | "system" | "bundled";

/** A product of blocks that matrix units compute: M x K by K x N elements of one type, summed in another. */
export interface SubgroupMatrix {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

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
  /** What its matrix units compute; absent where it has none. */
  subgroupMatrices?: readonly SubgroupMatrix[];
  /** Set where Dawn offers f16 only because it was told to: the driver's f16 has failed Vulkan's conformance tests. */
  halfDoubtful?: true;
}

export interface FoundAdapter {
  gpu: GPU;
  adapter: GPUAdapter;
  info: AdapterDescription;
}

/** Which adapter to take. Each falls back to an environment variable: UNFOLD_ADAPTER, UNFOLD_DRIVER. */
export interface AdapterOptions {
  /** Part of the adapter's name, vendor or driver, in any case: "nvidia", "llvmpipe". */
  adapter?: string | undefined;
  /** Only adapters of this kind. */
  driver?: DriverKind | undefined;
}

export interface ChosenAdapter extends FoundAdapter {
  /** Why this one, for a reader: "the first hardware GPU". */
  why: string;
}
