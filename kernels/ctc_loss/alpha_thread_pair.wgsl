// CTC, forward recursion, as alpha_loop.wgsl (see there for the mathematics), for texts of fewer labels than a workgroup has
// threads: a thread keeps its pair (blank 2i, label 2i + 1) in registers through all frames, and passes only its label's α to
// the next thread, through two alternating rows of workgroup memory, with one barrier per frame. It loads the next frame's
// logits before it computes this frame's sums, so that a GPU does not wait for memory in every frame. Both sums begin with the
// same two terms, so two exponentials are enough. Must move: α once, and one logit for each of its elements. Latency limits it:
// predicted for an H200 are 0.3 to 0.5 us per frame.
const THREADS: u32 = 64u;
const LOG_ZERO: f32 = -1.0e30; // for log 0: differences of true infinities would be NaN
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>;  // [batch, frames]
@group(0) @binding(2) var<storage, read> targets: array<i32>;         // [batch, longest]
@group(0) @binding(3) var<storage, read> input_lengths: array<i32>;   // [batch]
@group(0) @binding(4) var<storage, read> target_lengths: array<i32>;  // [batch]
@group(0) @binding(5) var<storage, read_write> alpha: array<f32>;     // [batch, frames, 2 · longest + 1]
var<workgroup> label_alpha: array<f32, 2u * THREADS>; // of the previous frame and of this one

// include parts/log_space.wgsl

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) i: u32) {
  let utterance = group.x;
  let width = 2u * sizes.longest + 1u;
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let text = utterance * sizes.longest;
  var label = -1;
  var may_skip = false;
  if (i < labels) {
    label = targets[text + i];
    may_skip = label != sizes.blank && (i == 0u || label != targets[text + max(i, 1u) - 1u]);
  }
  let first = utterance * sizes.frames;
  var blank_alpha = LOG_ZERO;
  var own_alpha = LOG_ZERO;
  var next_blank = LOG_ZERO;
  var next_label = LOG_ZERO;
  if (frames > 0u) {
    next_blank = log_probability(first, sizes.blank);
    next_label = log_probability(first, label);
  }
  for (var t = 0u; t < frames; t++) {
    let log_blank = next_blank;
    let log_label = next_label;
    if (t + 1u < frames) {
      next_blank = log_probability(first + t + 1u, sizes.blank);
      next_label = log_probability(first + t + 1u, label);
    }
    // At frame -1 all probability is in a state before the first.
    var label_before = select(LOG_ZERO, 0.0, t == 0u && i == 0u); // α_{t-1} of state 2i - 1
    if (t > 0u && i > 0u) {
      label_before = label_alpha[(t + 1u) % 2u * THREADS + i - 1u];
    }
    let both = log_add(blank_alpha, label_before);
    own_alpha = max(log_add(own_alpha, select(blank_alpha, both, may_skip)) + log_label, LOG_ZERO);
    blank_alpha = max(both + log_blank, LOG_ZERO);
    label_alpha[t % 2u * THREADS + i] = own_alpha;
    let at = (first + t) * width + 2u * i;
    if (i <= labels) {
      alpha[at] = blank_alpha;
    }
    if (i < labels) {
      alpha[at + 1u] = own_alpha;
    }
    workgroupBarrier();
  }
}
