import { createHash } from "node:crypto";
import { UserError } from "../../engine/errors.ts";
import { isSection } from "../../config/camel_case.ts";
import type { Communicator } from "./communicator.ts";
import { ofRank } from "./values.ts";

/** Whether it holds on any rank. */
export async function onAnyRank(ranks: Communicator, holds: boolean): Promise<boolean> {
  if (ranks.size === 1) return holds;
  const flag = Float64Array.of(Number(holds));
  await ranks.allReduce(flag, "max");
  return flag[0] === 1;
}

/** What must be the same on all ranks before they train together. */
export interface Common {
  readonly version: string;
  /** Digest of the training set. */
  readonly data: string;
  /** As `plainConfig` writes it. */
  readonly config: object;
}

/**
 * Compares what the ranks are about to train with rank 0's.
 *
 * @throws UserError on every rank whose own differs, naming it; the others get one that names those ranks
 */
export async function expectSame(ranks: Communicator, own: Common): Promise<void> {
  const roots = await ofRank(ranks, 0, own);
  const difference = differenceOf(roots, own);
  const differing = new Float64Array(ranks.size);
  differing[ranks.rank] = Number(difference !== undefined);
  await ranks.allReduce(differing);
  if (difference !== undefined)
    throw new UserError(
      `rank ${ranks.rank} was started with something else than rank 0, so they cannot train together: ${difference}`,
    );
  const others = [...differing.keys()].filter((rank) => differing[rank] !== 0);
  if (others.length > 0)
    throw new UserError(
      `rank ${others.join(", ")} was started with something else than rank ${ranks.rank}, so they cannot train together`,
    );
}

function differenceOf(roots: Common, own: Common): string | undefined {
  if (roots.version !== own.version) return `unfold ${own.version}, not ${roots.version}`;
  const [first] = differ(roots.config, own.config, "");
  if (first !== undefined) return first;
  return roots.data === own.data ? undefined : "the training set has other utterances";
}

/** Places of files may differ between machines: their contents are compared. */
const PLACES =
  /^(init|data\.(folder|train|dev|test|cmvn|cache|workers)|augment\.noise\.manifest|units\.(tokenizer|vocabulary)|unitsOf|units_of|eval\.lm\.arpa)$/u;

function differ(a: unknown, b: unknown, key: string): string[] {
  if (PLACES.test(key) || JSON.stringify(a) === JSON.stringify(b)) return [];
  if (!isSection(a) || !isSection(b)) return [`${key} is ${JSON.stringify(b)}, not ${JSON.stringify(a)}`];
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].flatMap((name) =>
    differ(a[name], b[name], key === "" ? name : `${key}.${name}`),
  );
}

/** A digest of values, for comparing them between ranks: 48 bits, which a double holds. */
export const digestOfValues = (values: Float32Array): number =>
  createHash("sha1")
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest()
    .readUIntBE(0, 6);
