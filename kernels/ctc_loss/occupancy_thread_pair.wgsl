// CTC, backward recursion, as occupancy_loop.wgsl (see there for the mathematics), for texts of fewer labels than a workgroup has
// threads. The mirror image of alpha_thread_pair.wgsl: a thread has the pair (label 2i - 1, blank 2i),
//   after blank:  log(exp β'(2i) + exp β'(2i + 1)),   after label:  log(exp β'(2i - 1) + exp β'(2i) + [skip] exp β'(2i + 1)).
// Must move: α once, α + β once, and one logit for each of their elements.
const THREADS: u32 = 64u;
const LOG_ZERO: f32 = -1.0e30;
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;          // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>;  // [batch, frames]
@group(0) @binding(2) var<storage, read> targets: array<i32>;         // [batch, longest]
@group(0) @binding(3) var<storage, read> input_lengths: array<i32>;   // [batch]
@group(0) @binding(4) var<storage, read> target_lengths: array<i32>;  // [batch]
@group(0) @binding(5) var<storage, read> alpha: array<f32>;           // [batch, frames, 2 · longest + 1]
@group(0) @binding(6) var<storage, read_write> occupancy: array<f32>; // [batch, frames, 2 · longest + 1]: α + β
var<workgroup> label_beta: array<f32, 2u * THREADS>; // β' of the previous frame and of this one

// include parts/log_space.wgsl

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) i: u32) {
  let utterance = group.x;
  let width = 2u * sizes.longest + 1u;
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let text = utterance * sizes.longest;
  let has_label = i > 0u && i <= labels;
  var label = -1;
  if (has_label) {
    label = targets[text + i - 1u];
  }
  var may_skip = true;
  if (i < labels) {
    let next_target = targets[text + i];
    may_skip = next_target != sizes.blank && next_target != label;
  }
  let first = utterance * sizes.frames;
  var blank_beta = LOG_ZERO;
  var own_beta = LOG_ZERO;
  var next_blank = LOG_ZERO;
  var next_label = LOG_ZERO;
  if (frames > 0u) {
    next_blank = log_probability(first + frames - 1u, sizes.blank);
    next_label = log_probability(first + frames - 1u, label);
  }
  for (var left = frames; left > 0u; left--) {
    let log_blank = next_blank;
    let log_label = next_label;
    if (left > 1u) {
      next_blank = log_probability(first + left - 2u, sizes.blank);
      next_label = log_probability(first + left - 2u, label);
    }
    // After the last frame all probability is in a state after the last.
    var label_after = select(LOG_ZERO, 0.0, left == frames && i == labels); // β' of state 2i + 1
    if (left < frames && i < labels) {
      label_after = label_beta[(left + 1u) % 2u * THREADS + i + 1u];
    }
    let after_blank = log_add(blank_beta, label_after);
    let after_label = log_add(own_beta, select(blank_beta, after_blank, may_skip));
    own_beta = max(after_label + log_label, LOG_ZERO);
    blank_beta = max(after_blank + log_blank, LOG_ZERO);
    label_beta[left % 2u * THREADS + i] = own_beta;
    let at = (first + left - 1u) * width + 2u * i;
    if (i <= labels) {
      occupancy[at] = max(alpha[at] + after_blank, LOG_ZERO);
    }
    if (has_label) {
      occupancy[at - 1u] = max(alpha[at - 1u] + after_label, LOG_ZERO);
    }
    workgroupBarrier();
  }
}
