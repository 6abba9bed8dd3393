import { createHash } from "node:crypto";
import { UserError } from "../../engine/errors.ts";
import { isSection } from "../../config/camel_case.ts";
import type { Communicator } from "./communicator.ts";

/** Milliseconds between two signs of life of a rank for which the others wait. */
const SIGN_OF_LIFE_MS = 1000;

/** Whether it holds on any rank. */
export async function onAnyRank(ranks: Communicator, holds: boolean): Promise<boolean> {
  if (ranks.size === 1) return holds;
  const flag = Float64Array.of(Number(holds));
  await ranks.allReduce(flag, "max");
  return flag[0] === 1;
}

/**
 * Runs `body` on rank 0 while the others wait, however long it takes: rank 0 gives signs of life meanwhile. An error is thrown on
 * rank 0; the others then wait for it to end them.
 *
 * @returns on every rank the number that `body` gave
 */
export async function byRootAlone(ranks: Communicator, body: () => Promise<number>): Promise<number> {
  if (ranks.size === 1) return body();
  if (ranks.rank === 0) {
    let done = false;
    const result = body().finally(() => (done = true));
    result.catch(() => undefined); // thrown below
    while (!done) {
      await Promise.race([
        result.catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, SIGN_OF_LIFE_MS)),
      ]);
      if (!done) await onAnyRank(ranks, false);
    }
    const found = await result;
    await onAnyRank(ranks, true);
    const told = Float64Array.of(found);
    await ranks.broadcast(told);
    return found;
  }
  while (!(await onAnyRank(ranks, false)));
  const told = new Float64Array(1);
  await ranks.broadcast(told);
  return told[0] as number;
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
  const roots = JSON.parse(await textOfRoot(ranks, JSON.stringify(own))) as Common;
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

/** Rank 0's text, on every rank. */
async function textOfRoot(ranks: Communicator, own: string): Promise<string> {
  const bytes = new TextEncoder().encode(own);
  const length = Float64Array.of(bytes.length);
  await ranks.broadcast(length);
  const whole = ranks.rank === 0 ? bytes : new Uint8Array(length[0] as number);
  await ranks.broadcast(whole);
  return new TextDecoder().decode(whole);
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
