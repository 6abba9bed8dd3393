// CTC, forward recursion (Graves et al., 2006, equations 6 to 8), in log space. The states of an utterance are its labels
// with a blank before, between and after them: state s is blank for even s, else label (s - 1) / 2. α_t(s) is the
// log-probability of emitting frames 0…t along any path that ends in state s:
//   α_t(s) = log(exp α_{t-1}(s) + exp α_{t-1}(s - 1) + [skip s] exp α_{t-1}(s - 2)) + log p_t(label of s),
// where a label may be entered from two states back if it differs from the label there.
// One workgroup per utterance, one barrier per frame. A thread has the pair (blank 2i, label 2i + 1) for every THREADS-th i: the two
// share most of what they read, and their sums begin with the same two terms, so two exponentials do for both. A
// software driver gets as many threads as a SIMD vector has: with more, the barriers cost more than the threads gain. Milliseconds
// on a busy lavapipe with occupancy_loop.wgsl, 16 utterances of 400 frames and 60 labels, medians of interleaved runs:
//   32 threads, four exponentials per pair    39
//   one SIMD vector, two exponentials         30
// alpha_thread_pair.wgsl, for GPUs, is slower there than either.
const THREADS: u32 = 32u;
const LOG_ZERO: f32 = -1.0e30; // for log 0: differences of true infinities would be NaN
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>;  // [batch, frames]
@group(0) @binding(2) var<storage, read> targets: array<i32>;         // [batch, longest]
@group(0) @binding(3) var<storage, read> input_lengths: array<i32>;   // [batch]
@group(0) @binding(4) var<storage, read> target_lengths: array<i32>;  // [batch]
@group(0) @binding(5) var<storage, read_write> alpha: array<f32>;     // [batch, frames, 2 · longest + 1]

// include parts/log_space.wgsl

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let utterance = group.x;
  let width = 2u * sizes.longest + 1u;
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let text = utterance * sizes.longest;

  for (var t = 0u; t < frames; t++) {
    let row = utterance * sizes.frames + t;
    let current = row * width;
    let previous = current - width;
    let log_blank = log_probability(row, sizes.blank);
    for (var i = local; i <= labels; i += THREADS) {
      // At frame -1 all probability is in a state before the first.
      var label_before = select(LOG_ZERO, 0.0, t == 0u && i == 0u); // α_{t-1} of states 2i - 1, 2i, 2i + 1
      var blank = LOG_ZERO;
      var label_here = LOG_ZERO;
      if (t > 0u) {
        blank = alpha[previous + 2u * i];
        if (i > 0u) {
          label_before = alpha[previous + 2u * i - 1u];
        }
      }
      let both = log_add(blank, label_before);
      alpha[current + 2u * i] = max(both + log_blank, LOG_ZERO);
      if (i == labels) {
        continue;
      }
      let label = targets[text + i];
      if (t > 0u) {
        label_here = alpha[previous + 2u * i + 1u];
      }
      let may_skip = label != sizes.blank && (i == 0u || label != targets[text + max(i, 1u) - 1u]);
      let sum = log_add(label_here, select(blank, both, may_skip));
      alpha[current + 2u * i + 1u] = max(sum + log_probability(row, label), LOG_ZERO);
    }
    storageBarrier();
  }
}
