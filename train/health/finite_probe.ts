import type { Device } from "../../engine/device.ts";
import type { Parameters } from "../../engine/parameters.ts";
import { Tape, type ResultObserver, type TapeOptions } from "../../engine/tape.ts";
import { type HostArray } from "../../engine/tensor.ts";
import { readLater } from "../../engine/transfer.ts";

/** Where a non-finite result was computed. */
export interface NonFiniteResult {
  readonly operation: string;
  /** The part of the model; "" outside any. */
  readonly scope: string;
  readonly pass: "forward" | "backward";
  /** NaN, Infinity or -Infinity. */
  readonly value: number;
}

/** Bytes of results to read back in one pass. */
const BUDGET = 2 ** 28;

/**
 * The first non-finite result of a pass, in order of computation. Results are read back and checked on the host; if they
 * are too many to hold at once, the pass runs again for the next ones.
 *
 * @param encode encodes the pass, identically each time, and passes its results to the observer, like a tape's `onResult`
 */
export async function firstNotFinite(
  device: Device,
  encode: (observer: ResultObserver) => void,
  budget = BUDGET,
): Promise<NonFiniteResult | undefined> {
  for (let from = 0; ;) {
    let results = 0;
    let bytes = 0;
    let full = false;
    const kept: { sighting: Omit<NonFiniteResult, "value">; values: Promise<HostArray> }[] = [];
    encode((operation, result, pass) => {
      if (operation === "reshape" || results++ < from || full) return; // a reshaped tensor is the same
      full = bytes > 0 && bytes + result.bytes > budget;
      if (full) return;
      bytes += result.bytes;
      kept.push({ sighting: { operation, scope: device.recorder.scope, pass }, values: readLater(device, result) });
    });
    device.recorder.flush();
    const read = await Promise.all(kept.map(({ values }) => values));
    for (const [i, values] of read.entries()) {
      const value = values.find((x) => !Number.isFinite(x));
      if (value !== undefined) return { ...(kept[i] as (typeof kept)[number]).sighting, value };
    }
    from += kept.length;
    if (from >= results) return undefined;
  }
}

/** The same of a training step that updates nothing, encoded on a tape of its own with these settings; gradients are lost. */
export const firstNotFiniteInStep = (
  device: Device,
  parameters: Parameters,
  settings: TapeOptions,
  encode: (tape: Tape) => void,
): Promise<NonFiniteResult | undefined> =>
  firstNotFinite(device, (onResult) => {
    parameters.zeroGrads();
    const tape = new Tape(device, { ...settings, onResult });
    try {
      encode(tape);
    } finally {
      tape.end();
    }
  });
