import { host, type HostTensor } from "../case.ts";

/** The smoothed target: `on` on the target, `off` on each other class; ignored targets have neither. */
export interface Smoothing {
  readonly on: number;
  readonly off: number;
  /** Cross-entropy -Σ q log p, or KL divergence Σ q (log q - log p). */
  readonly divergence: boolean;
  readonly reduction: "none" | "sum" | "mean" | "batch";
}

/** The loss of each row whose target is a class, 0 for the others; or their sum, mean over valid targets, or sum per batch. */
export function crossEntropyReference(logits: HostTensor, targets: HostTensor, smoothing: Smoothing): HostTensor {
  const losses = rowsOf(logits, targets).map(({ logProbs, target, hasTarget }) =>
    hasTarget
      ? logProbs.reduce((sum, logP, k) => sum + term(k === target ? smoothing.on : smoothing.off, logP, smoothing), 0)
      : 0,
  );
  if (smoothing.reduction === "none") return host(targets.shape, (i) => losses[i] as number);
  return host([], () => losses.reduce((sum, loss) => sum + loss, 0) / divisor(targets, logits, smoothing));
}

/** dlogit_k = dy · (p_k - q_k) / divisor. */
export function crossEntropyGradients(logits: HostTensor, targets: HostTensor, smoothing: Smoothing, dy: HostTensor) {
  const dx = host(logits.shape, () => 0);
  rowsOf(logits, targets).forEach(({ logProbs, target, hasTarget, start }, row) => {
    if (!hasTarget) return;
    const dloss = (dy.data[smoothing.reduction === "none" ? row : 0] as number) / divisor(targets, logits, smoothing);
    logProbs.forEach((logP, k) => {
      dx.data[start + k] = dloss * (Math.exp(logP) - (k === target ? smoothing.on : smoothing.off));
    });
  });
  return { logits: dx };
}

const term = (q: number, logP: number, { divergence }: Smoothing): number =>
  q === 0 ? 0 : q * ((divergence ? Math.log(q) : 0) - logP);

function divisor(targets: HostTensor, logits: HostTensor, { reduction }: Smoothing): number {
  if (reduction === "batch") return logits.shape[0] as number;
  return reduction === "mean" ? targets.data.filter((target) => target >= 0).length || 1 : 1;
}

function rowsOf(logits: HostTensor, targets: HostTensor) {
  const classes = logits.shape.at(-1) as number;
  return [...targets.data].map((target, row) => {
    const start = row * classes;
    const values = [...logits.data.subarray(start, start + classes)];
    const rowMax = Math.max(...values);
    const lse = rowMax + Math.log(values.reduce((sum, value) => sum + Math.exp(value - rowMax), 0));
    return { logProbs: values.map((value) => value - lse), target, hasTarget: target >= 0, start };
  });
}
