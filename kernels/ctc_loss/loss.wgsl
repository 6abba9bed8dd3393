// CTC, the loss of each utterance from the last column of α: -log(exp α_{T-1}(S - 1) + exp α_{T-1}(S - 2)), the paths that
// end in the last blank or the last label. One thread per utterance.
// A NaN logit makes the loss NaN. As the recursions' max() may lose it, the normalisers are checked for it, by
// their bits, since compilers may assume that comparisons with NaN never hold.
const LOG_ZERO: f32 = -1.0e30;
const IMPOSSIBLE: f32 = 5.0e29; // a loss above this has no path
const EXPONENT: u32 = 0x7f800000u; // all ones in NaN and infinity
struct Sizes { batch: u32, frames: u32, longest: u32, divide_by_labels: u32, infeasible: f32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> alpha: array<f32>;            // [batch, frames, 2 · longest + 1]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>;   // [batch, frames]
@group(0) @binding(2) var<storage, read> input_lengths: array<i32>;    // [batch]
@group(0) @binding(3) var<storage, read> target_lengths: array<i32>;   // [batch]
@group(0) @binding(4) var<storage, read_write> path_loss: array<f32>;  // [batch], above IMPOSSIBLE where no path fits
@group(0) @binding(5) var<storage, read_write> losses: array<f32>;     // [batch], or `infeasible` there
@group(0) @binding(6) var<storage, read_write> weights: array<f32>;    // [batch]: 1, or 1 / number of labels

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let utterance = id.x;
  if (utterance >= sizes.batch) {
    return;
  }
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  var loss = select(0.0, -LOG_ZERO, labels > 0u); // without frames, only the empty text has a path, the empty one
  if (frames > 0u) {
    let last = (utterance * sizes.frames + frames - 1u) * (2u * sizes.longest + 1u) + 2u * labels;
    loss = -alpha[last];
    if (labels > 0u) {
      let max_alpha = max(alpha[last], alpha[last - 1u]);
      loss = -(max_alpha + log(1.0 + exp(min(alpha[last], alpha[last - 1u]) - max_alpha)));
    }
  }
  for (var t = 0u; t < frames; t++) {
    let normaliser = log_normaliser[utterance * sizes.frames + t];
    if ((bitcast<u32>(normaliser) & EXPONENT) == EXPONENT) {
      loss = normaliser;
    }
  }
  path_loss[utterance] = loss;
  losses[utterance] = select(loss, sizes.infeasible, loss > IMPOSSIBLE);
  weights[utterance] = select(1.0, 1.0 / f32(max(labels, 1u)), sizes.divide_by_labels != 0u);
}
