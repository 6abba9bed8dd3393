// CTC, backward recursion (Graves et al., 2006, equations 9 to 11), in logarithms, over the states of alpha.wgsl. With
// β_t(s) the log-probability of all ways to emit the frames after t from state s, and β'_t(s) = β_t(s) + log p_t(label of s),
//   β_t(s) = log(exp β'_{t+1}(s) + exp β'_{t+1}(s + 1) + [skip s + 2] exp β'_{t+1}(s + 2)),
// and α_t(s) + β_t(s) is the log-probability of all paths that are in state s at frame t. That sum is stored; of β' only two
// rows, this frame's and the next one's. One workgroup an utterance, one barrier a frame, last frame first.
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

  for (var done = 0u; done < frames; done++) {
    let t = frames - 1u - done;
    let now = (2u * utterance + t % 2u) * width;
    let next = (2u * utterance + (t + 1u) % 2u) * width;
    for (var s = local; s < states; s += THREADS) {
      var b = LOG_ZERO;
      if (done == 0u) {
        b = select(LOG_ZERO, 0.0, s + 2u >= states);
      } else {
        var one_ahead = LOG_ZERO;
        if (s + 1u < states) {
          one_ahead = beta[next + s + 1u];
        }
        var two_ahead = LOG_ZERO;
        if (s + 2u < states && may_skip_to(utterance, s + 2u)) {
          two_ahead = beta[next + s + 2u];
        }
        b = log_add_three(beta[next + s], one_ahead, two_ahead);
      }
      let state = (first_row + t) * width + s;
      occupancy[state] = max(alpha[state] + b, LOG_ZERO);
      beta[now + s] = max(b + log_probability(first_row + t, label_of(utterance, s)), LOG_ZERO);
    }
    storageBarrier();
  }
}
