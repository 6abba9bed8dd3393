// CTC, backward recursion (Graves et al., 2006, equations 9 to 11), in log space, over the states of alpha_loop.wgsl. With
// β_t(s) the log-probability of emitting the frames after t along any path from state s, and β'_t(s) = β_t(s) + log p_t(label of s),
//   β_t(s) = log(exp β'_{t+1}(s) + exp β'_{t+1}(s + 1) + [skip s + 2] exp β'_{t+1}(s + 2)),
// and α_t(s) + β_t(s) is the log-probability of all paths that are in state s at frame t. That sum is stored; of β' only two
// rows, this frame's and the next one's. The mirror image of alpha_loop.wgsl: last frame first, and a thread has the pairs
// (label 2i - 1, blank 2i), whose two sums begin with the same two terms.
const THREADS: u32 = 32u;
const LOG_ZERO: f32 = -1.0e30;
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>;  // [batch, frames]
@group(0) @binding(2) var<storage, read> targets: array<i32>;         // [batch, longest]
@group(0) @binding(3) var<storage, read> input_lengths: array<i32>;   // [batch]
@group(0) @binding(4) var<storage, read> target_lengths: array<i32>;  // [batch]
@group(0) @binding(5) var<storage, read> alpha: array<f32>;           // [batch, frames, 2 · longest + 1]
@group(0) @binding(6) var<storage, read_write> beta: array<f32>;      // [batch, 2, 2 · longest + 1]: β' of frames t and t + 1
@group(0) @binding(7) var<storage, read_write> occupancy: array<f32>; // [batch, frames, 2 · longest + 1]: α + β

// include parts/log_space.wgsl

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let utterance = group.x;
  let width = 2u * sizes.longest + 1u;
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let text = utterance * sizes.longest;

  for (var left = frames; left > 0u; left--) {
    let t = left - 1u;
    let row = utterance * sizes.frames + t;
    let state = row * width;
    let current = (2u * utterance + t % 2u) * width;
    let next = (2u * utterance + left % 2u) * width;
    let log_blank = log_probability(row, sizes.blank);
    for (var i = local; i <= labels; i += THREADS) {
      var label_here = LOG_ZERO; // β'_{t+1} of states 2i - 1, 2i, 2i + 1
      var blank = LOG_ZERO;
      var label_after = LOG_ZERO;
      if (left < frames) {
        blank = beta[next + 2u * i];
        if (i > 0u) {
          label_here = beta[next + 2u * i - 1u];
        }
        if (i < labels) {
          label_after = beta[next + 2u * i + 1u];
        }
      } else if (i == labels) {
        label_after = 0.0; // after the last frame all probability is in a state after the last
      }
      let after_blank = log_add(blank, label_after);
      occupancy[state + 2u * i] = max(alpha[state + 2u * i] + after_blank, LOG_ZERO);
      beta[current + 2u * i] = max(after_blank + log_blank, LOG_ZERO);
      if (i == 0u) {
        continue;
      }
      let label = targets[text + i - 1u];
      let next_target = targets[text + min(i, labels - 1u)];
      let may_skip = i == labels || (next_target != sizes.blank && next_target != label);
      let after_label = log_add(label_here, select(blank, after_blank, may_skip));
      occupancy[state + 2u * i - 1u] = max(alpha[state + 2u * i - 1u] + after_label, LOG_ZERO);
      beta[current + 2u * i - 1u] = max(after_label + log_probability(row, label), LOG_ZERO);
    }
    storageBarrier();
  }
}
