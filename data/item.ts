/** The part of an utterance that a batch needs. */
export interface BatchItem {
  /** `[frames, bins]` */
  features: Float32Array;
  frames: number;
  labels: Int32Array;
}

/** An item whose features may not have been loaded yet. */
export interface LazyItem extends Omit<BatchItem, "features"> {
  /** `[frames, bins]`, or a function that loads them. */
  features: Float32Array | (() => Promise<Float32Array>);
}

/** Loads the features of items. */
export function loadItems(items: readonly LazyItem[]): Promise<BatchItem[]> {
  return Promise.all(
    items.map(async ({ frames, labels, features }) => ({
      frames,
      labels,
      features: typeof features === "function" ? await features() : features,
    })),
  );
}
