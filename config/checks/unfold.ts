import { depthsBetween, depthsOfWeights, hasOwnNorms } from "../depths.ts";
import { defaultDeepest } from "../complete.ts";
import type { Fault } from "./faults.ts";
import type { ParsedConfig } from "../schema/schema.ts";

/** Finds contradictions between blocks, depths and loss terms. */
export function* unfoldFaults(config: ParsedConfig): Generator<Fault> {
  const {
    model: { blocks },
    unfold: { order, depths, shallow },
    loss,
  } = config;
  const ownNorms = hasOwnNorms(config.model);
  const deepest = depths === undefined ? defaultDeepest(config.unfold, blocks) : Math.max(...depths);
  if (depths !== undefined && new Set(depths).size < depths.length)
    yield { path: ["unfold", "depths"], message: `[${depths.join(", ")}] lists a depth twice` };
  if (deepest < blocks)
    yield {
      path: ["unfold", "depths"],
      message: `ends at ${deepest}, but the deep path must be at least as deep as the seed, model.blocks ${blocks}`,
    };
  if (typeof order !== "string") {
    const outside = order.find((block) => block >= blocks);
    if (outside !== undefined)
      yield {
        path: ["unfold", "order"],
        message: noSuchBlock(outside, "model.blocks", blocks),
      };
    if (order.length !== deepest)
      yield {
        path: ["unfold", "order"],
        message: `lists ${order.length} blocks, but the largest of unfold.depths is ${deepest}`,
      };
    if (shallow === "even")
      yield {
        path: ["unfold", "shallow"],
        message: "is even, but when unfold.order is a list, shallower paths are its prefixes",
      };
  }
  yield* repeatableFaults(config.unfold, blocks, deepest);
  yield* decoderFaults(config);
  if (loss.layer_drop > 0 && ownNorms)
    yield {
      path: ["loss", "layer_drop"],
      message: `is ${loss.layer_drop}, but with model.norms per_depth a path with dropped layers has no norms for its depth`,
    };

  if (config.model.kind === "conformer" && config.model.stochastic_depth_rate > 0 && ownNorms)
    yield {
      path: ["model", "stochastic_depth_rate"],
      message: `is ${config.model.stochastic_depth_rate}, but with model.norms per_depth a path with skipped layers has no norms for its depth`,
    };

  const faults =
    loss.depth_weights === null ? [] : [...weightFaults(loss.depth_weights, loss.kl_weight, blocks, deepest)];
  yield* faults;
  if (faults.length > 0) return;
  const trained = loss.depth_weights === null ? [deepest, blocks] : depthsOfWeights(loss.depth_weights, loss.kl_weight);
  const between = depthsBetween(trained, ownNorms ? (depths ?? []) : null).length;
  if (loss.middle_depths > between) {
    const ends =
      loss.depth_weights === null
        ? `the seed (${blocks}) and the deep path (${deepest})`
        : `the shallowest trained depth (${trained.at(-1)}) and the deepest (${trained[0]})`;
    const of = `${ownNorms ? " in unfold.depths" : ""}${trained.length > 2 ? " not already trained" : ""}`;
    yield {
      path: ["loss", "middle_depths"],
      message: `is ${loss.middle_depths}, but between ${ends} there ${between === 1 ? "is 1 depth" : `are ${between} depths`}${of}`,
    };
  }
}

function* repeatableFaults(
  { order, repeatable }: ParsedConfig["unfold"],
  blocks: number,
  deepest: number,
): Generator<Fault> {
  if (repeatable === null) return;
  const path = ["unfold", "repeatable"];
  const outside = repeatable.find((block) => block >= blocks);
  const most = blocks + repeatable.length;
  if (order !== "repeat")
    yield {
      path,
      message: `needs unfold.order repeat, which alone chooses the blocks to repeat, but the order is ${typeof order === "string" ? order : "a list"}`,
    };
  else if (outside !== undefined)
    yield {
      path,
      message: noSuchBlock(outside, "model.blocks", blocks),
    };
  else if (new Set(repeatable).size < repeatable.length)
    yield { path, message: `[${repeatable.join(", ")}] lists a block twice` };
  else if (repeatable.length < blocks && deepest > most)
    yield {
      path: ["unfold", "depths"],
      message: `ends at ${deepest}, but ${blocks} blocks of which ${repeatable.length} may be repeated (unfold.repeatable) reach depth ${most} at most`,
    };
}

/** @param key names the number of blocks */
const noSuchBlock = (block: number, key: string, blocks: number): string =>
  `names block ${block}, but ${key} is ${blocks}, so blocks are 0 to ${blocks - 1}`;

function* decoderFaults({ model, unfold: { order, decoder } }: ParsedConfig): Generator<Fault> {
  if (decoder === null) return;
  const path = ["unfold", "decoder"];
  const blocks = model.kind === "conformer" ? model.decoder?.blocks : undefined;
  const each = `, but model.decoder.blocks is ${blocks}, and each block runs at least once`;
  if (blocks === undefined) yield { path, message: "needs a decoder, and model.decoder is not set" };
  else if (typeof decoder !== "object") {
    if (typeof order !== "string")
      yield {
        path,
        message: `is ${decoder}, but when unfold.order is a list of the encoder's blocks, expected a list of the decoder's`,
      };
    if (typeof decoder === "number" && decoder < blocks) yield { path, message: `is ${decoder}${each}` };
  } else {
    const outside = decoder.find((block) => block >= blocks);
    const missing = Array.from({ length: blocks }, (_, block) => block).find((block) => !decoder.includes(block));
    if (outside !== undefined) yield { path, message: noSuchBlock(outside, "model.decoder.blocks", blocks) };
    else if (missing !== undefined) yield { path, message: `lacks block ${missing}${each}` };
  }
}

function* weightFaults(
  weights: Record<string, number>,
  klWeight: number,
  blocks: number,
  deepest: number,
): Generator<Fault> {
  const path = ["loss", "depth_weights"];
  const odd = Object.keys(weights).find((depth) => !/^[1-9]\d*$/u.test(depth));
  const over = Object.keys(weights).find((depth) => Number(depth) > deepest);
  const trained = depthsOfWeights(weights, klWeight);
  if (odd !== undefined) yield { path: [...path, odd], message: "is not a depth, expected a whole number from 1" };
  else if (!Object.values(weights).some((weight) => weight > 0))
    yield { path, message: "has no depth with a weight above 0, so nothing would be trained" };
  else if (over !== undefined)
    yield { path: [...path, over], message: `is deeper than the largest of unfold.depths, ${deepest}` };
  else if ((trained[0] as number) < blocks)
    yield {
      path,
      message: `ends at ${trained[0]}, so some of the ${blocks} blocks (model.blocks) would never be trained`,
    };
}
