// CTC, backward to the input. The posterior γ_t(k) of class k at frame t is the share of the states labelled k in
// Σ_s exp(α_t(s) + β_t(s)), a sum that is the likelihood of the text at every frame. Then
//   d loss / d logit            = softmax - γ
//   d loss / d log-probability  = -γ
// Dividing by the frame's own sum, not by the stored likelihood, cancels the rounding errors of two long recursions.
// Frames past the utterance's end, and utterances without an upstream gradient, get 0.
// One thread per frame: it alone writes the frame's classes, so that repeated labels need no atomics.
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32, from_log_probs: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<f32>;         // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>; // [batch, frames]
@group(0) @binding(2) var<storage, read> targets: array<i32>;        // [batch, longest]
@group(0) @binding(3) var<storage, read> input_lengths: array<i32>;  // [batch]
@group(0) @binding(4) var<storage, read> target_lengths: array<i32>; // [batch]
@group(0) @binding(5) var<storage, read> occupancy: array<f32>;      // [batch, frames, 2 · longest + 1]: α + β
@group(0) @binding(6) var<storage, read> dloss: array<f32>;          // [batch]
@group(0) @binding(7) var<storage, read_write> dx: array<f32>;       // [batch, frames, classes]

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u, @builtin(local_invocation_index) local: u32) {
  let row = (group.x + group.y * groups.x) * 16u + local;
  if (row >= sizes.batch * sizes.frames) {
    return;
  }
  let utterance = row / sizes.frames;
  let start = row * sizes.classes;
  let upstream = dloss[utterance];
  let skip = i32(row % sizes.frames) >= input_lengths[utterance] || upstream == 0.0;
  for (var k = 0u; k < sizes.classes; k++) {
    var p = 0.0;
    if (!skip && sizes.from_log_probs == 0u) {
      p = exp(logits[start + k] - log_normaliser[row]);
    }
    dx[start + k] = upstream * p;
  }
  if (skip) {
    return;
  }

  let first = row * (2u * sizes.longest + 1u);
  let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
  let states = 2u * labels + 1u;
  var row_max = occupancy[first];
  for (var s = 1u; s < states; s++) {
    row_max = max(row_max, occupancy[first + s]);
  }
  var blank = exp(occupancy[first] - row_max);
  var row_sum = blank;
  for (var s = 1u; s < states; s += 2u) {
    let blank_term = exp(occupancy[first + s + 1u] - row_max);
    blank += blank_term;
    row_sum += exp(occupancy[first + s] - row_max) + blank_term;
  }
  let scale = upstream / row_sum;
  dx[start + u32(sizes.blank)] -= scale * blank;
  for (var i = 0u; i < labels; i++) {
    let label = u32(targets[utterance * sizes.longest + i]);
    dx[start + label] -= scale * exp(occupancy[first + 2u * i + 1u] - row_max);
  }
}
