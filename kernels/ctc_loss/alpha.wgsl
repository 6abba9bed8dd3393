// CTC, forward recursion (Graves et al., 2006, equations 6 to 8), in logarithms. The states of an utterance are its labels
// with a blank before, between and after them: state s is blank for even s, else label (s - 1) / 2. α_t(s) is the
// log-probability of all ways to emit frames 0…t that end in state s:
//   α_t(s) = log(exp α_{t-1}(s) + exp α_{t-1}(s - 1) + [skip s] exp α_{t-1}(s - 2)) + log p_t(label of s),
// where a label may be entered from two states back when it differs from the label there.
// One workgroup an utterance, its threads side by side over the states, one barrier a frame.
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

fn label_of(utterance: u32, state: u32) -> i32 {
  if (state % 2u == 0u) {
    return sizes.blank;
  }
  return targets[utterance * sizes.longest + state / 2u];
}

fn may_skip_to(utterance: u32, state: u32) -> bool {
  if (state % 2u == 0u || state < 3u) {
    return false;
  }
  let label = label_of(utterance, state);
  return label != sizes.blank && label != label_of(utterance, state - 2u);
}

fn log_probability(row: u32, label: i32) -> f32 {
  // A label outside the classes cannot be emitted.
  if (u32(label) >= sizes.classes) {
    return LOG_ZERO;
  }
  return max(logits[row * sizes.classes + u32(label)] - log_normaliser[row], LOG_ZERO);
}

fn log_add_three(a: f32, b: f32, c: f32) -> f32 {
  let largest = max(max(a, b), c);
  return largest + log(exp(a - largest) + exp(b - largest) + exp(c - largest));
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let utterance = group.x;
  let width = 2u * sizes.longest + 1u;
  let frames = u32(clamp(input_lengths[utterance], 0, i32(sizes.frames)));
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let states = 2u * labels + 1u;
  let first_row = utterance * sizes.frames;

  for (var t = 0u; t < frames; t++) {
    let now = (first_row + t) * width;
    let before = now - width;
    for (var s = local; s < states; s += THREADS) {
      var a = LOG_ZERO;
      if (t == 0u) {
        a = select(LOG_ZERO, 0.0, s < 2u);
      } else {
        var two_back = LOG_ZERO;
        if (may_skip_to(utterance, s)) {
          two_back = alpha[before + s - 2u];
        }
        var one_back = LOG_ZERO;
        if (s > 0u) {
          one_back = alpha[before + s - 1u];
        }
        a = log_add_three(alpha[before + s], one_back, two_back);
      }
      alpha[now + s] = max(a + log_probability(first_row + t, label_of(utterance, s)), LOG_ZERO);
    }
    storageBarrier();
  }
}
