import { host, type HostInputs, type HostTensor } from "../case.ts";

export interface ReferenceOptions {
  readonly blank: number;
  readonly reduction: "none" | "sum" | "batch" | "mean";
  readonly fromLogProbs: boolean;
}

/**
 * -log Σ over alignments of Π_t p_t(label), for each utterance; 0 for one without any alignment. An alignment gives every
 * frame a class, and spells the text once repeats are merged and blanks dropped. "none" is [batch], the others are scalars.
 */
export function ctcReference(inputs: HostInputs, options: ReferenceOptions): HostTensor {
  const losses = utterances(inputs, options).map(({ loss, weight }) => loss * weight);
  if (options.reduction === "none") return host([losses.length], (b) => losses[b] as number);
  return host([], () => losses.reduce((sum, loss) => sum + loss, 0));
}

/** d loss / d logit = softmax - γ, with γ_t(k) the posterior of class k at frame t; of a log-probability just -γ. */
export function ctcGradients(inputs: HostInputs, options: ReferenceOptions, dy: HostTensor) {
  const { logits } = inputs as { logits: HostTensor };
  const [, frames = 0, classes = 0] = logits.shape;
  const dx = host(logits.shape, () => 0);
  utterances(inputs, options).forEach(({ logProbs, states, loss, weight, feasible }, b) => {
    if (!feasible) return;
    const upstream = weight * (dy.data[options.reduction === "none" ? b : 0] as number);
    const alpha = forward(logProbs, states, options.blank);
    // An utterance read backwards has the reversed text: β is the forward recursion of that, reversed.
    const beta = forward([...logProbs].reverse(), [...states].reverse(), options.blank).reverse();
    logProbs.forEach((frame, t) => {
      const at = (k: number): number => (b * frames + t) * classes + k;
      if (!options.fromLogProbs) frame.forEach((logProb, k) => (dx.data[at(k)]! += upstream * Math.exp(logProb)));
      states.forEach((label, s) => {
        const path = alpha[t]![s]! + beta[t]![states.length - 1 - s]! - frame[label]!;
        dx.data[at(label)]! -= upstream * Math.exp(path + loss);
      });
    });
  });
  return { logits: dx };
}

/** Log-probability of emitting frames 0…t along any path that ends in state s. */
function forward(logProbs: readonly number[][], states: readonly number[], blank: number): number[][] {
  const columns: number[][] = [];
  for (const frame of logProbs) {
    const previous = columns.at(-1);
    columns.push(
      states.map((label, s) => {
        if (!previous) return s < 2 ? frame[label]! : -Infinity;
        const skips = s >= 2 && label !== blank && label !== states[s - 2];
        return (
          frame[label]! + logSumExp([previous[s]!, previous[s - 1] ?? -Infinity, skips ? previous[s - 2]! : -Infinity])
        );
      }),
    );
  }
  return columns;
}

function utterances(inputs: HostInputs, { blank, reduction, fromLogProbs }: ReferenceOptions) {
  const { logits, targets, inputLengths, targetLengths } = inputs as Record<string, HostTensor>;
  const [batch = 0, frames = 0, classes = 0] = logits!.shape;
  const longest = targets!.shape[1] as number;
  return Array.from({ length: batch }, (_, b) => {
    const logProbs = Array.from({ length: inputLengths!.data[b]! }, (_, t) => {
      const row = [...logits!.data.subarray((b * frames + t) * classes, (b * frames + t + 1) * classes)];
      const total = fromLogProbs ? 0 : logSumExp(row);
      return row.map((value) => value - total);
    });
    const labels = [...targets!.data.subarray(b * longest, b * longest + targetLengths!.data[b]!)];
    const states = [blank, ...labels.flatMap((label) => [label, blank])];
    const last = forward(logProbs, states, blank).at(-1) ?? [labels.length === 0 ? 0 : -Infinity];
    const total = logSumExp(last.slice(-2));
    const feasible = total > -Infinity;
    const weight = { none: 1, sum: 1, batch: 1 / batch, mean: 1 / batch / Math.max(1, labels.length) }[reduction];
    return { logProbs, states, loss: feasible ? -total : 0, weight, feasible };
  });
}

function logSumExp(values: readonly number[]): number {
  const maximum = Math.max(...values);
  return maximum === -Infinity
    ? maximum
    : maximum + Math.log(values.reduce((sum, v) => sum + Math.exp(v - maximum), 0));
}
