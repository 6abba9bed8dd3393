// CTC, backward to the input, as backward_thread_row.wgsl (see there for the mathematics): one subgroup of any width per frame.
//   d loss / d logit = softmax - γ,   γ(k) = share of the states labelled k in Σ_s exp(α(s) + β(s))
// Its lanes first divide up the states, for that sum and for the blank's part of it, then the classes, four neighbours each. For
// each class a lane follows the chain of its labels (label_positions.wgsl) and sums their states, so every element is written
// once and by one lane. Loads and stores are coalesced, which they are not with one thread per frame.
// Must move: logits, α + β and the gradient once.
enable subgroups;
requires subgroup_id;
// include parts/neg_inf.wgsl
struct Sizes { batch: u32, frames: u32, classes: u32, longest: u32, blank: i32, from_log_probs: u32 }
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> logits: array<vec4f>;       // [batch, frames, classes]
@group(0) @binding(1) var<storage, read> log_normaliser: array<f32>; // [batch, frames]
@group(0) @binding(2) var<storage, read> first: array<vec4u>;        // [batch, classes]
@group(0) @binding(3) var<storage, read> next: array<u32>;           // [batch, longest]
@group(0) @binding(4) var<storage, read> input_lengths: array<i32>;  // [batch]
@group(0) @binding(5) var<storage, read> target_lengths: array<i32>; // [batch]
@group(0) @binding(6) var<storage, read> occupancy: array<f32>;      // [batch, frames, 2 · longest + 1]: α + β
@group(0) @binding(7) var<storage, read> dloss: array<f32>;          // [batch]
@group(0) @binding(8) var<storage, read_write> dx: array<vec4f>;     // [batch, frames, classes]

// Σ exp(α + β - row_max) over the states of one class: the label at `position` and all its repeats.
fn posterior_sum(states: u32, text: u32, position: u32, row_max: f32) -> f32 {
  var sum = 0.0;
  for (var i = position; i < sizes.longest; i = next[text + i]) {
    sum += exp(occupancy[states + 2u * i + 1u] - row_max);
  }
  return sum;
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
  @builtin(subgroup_id) subgroup: u32, @builtin(num_subgroups) subgroups: u32,
  @builtin(subgroup_invocation_id) lane: u32, @builtin(subgroup_size) lanes: u32,
) {
  let rows = sizes.batch * sizes.frames;
  let quads = sizes.classes / 4u;
  let blank_quad = u32(sizes.blank) / 4u;
  let is_blank = vec4u(0u, 1u, 2u, 3u) == vec4u(u32(sizes.blank) % 4u);
  for (var begin = group.x * subgroups; begin < rows; begin += groups.x * subgroups) {
    // Subgroups past the end take part in the reductions too, but store nothing.
    let row = min(begin + subgroup, rows - 1u);
    let utterance = row / sizes.frames;
    let upstream = dloss[utterance];
    let has_gradient = i32(row % sizes.frames) < input_lengths[utterance] && upstream != 0.0;
    let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
    let states = row * (2u * sizes.longest + 1u);
    let text = utterance * sizes.longest;
    let count = select(0u, 2u * labels + 1u, has_gradient);

    var row_max = NEG_INF;
    for (var s = lane; s < count; s += lanes) {
      row_max = max(row_max, occupancy[states + s]);
    }
    row_max = subgroupMax(row_max);
    var blank_sum = 0.0;
    var label_sum = 0.0;
    for (var s = lane; s < count; s += lanes) {
      let term = exp(occupancy[states + s] - row_max);
      blank_sum += select(0.0, term, s % 2u == 0u);
      label_sum += select(term, 0.0, s % 2u == 0u);
    }
    let blank = subgroupAdd(blank_sum);
    let scale = upstream / max(blank + subgroupAdd(label_sum), 1.0e-30);

    let normaliser = log_normaliser[row];
    let end = select(0u, quads, begin + subgroup < rows);
    for (var quad = lane; quad < end; quad += lanes) {
      var d = vec4f();
      if (has_gradient) {
        if (sizes.from_log_probs == 0u) {
          d = upstream * exp(logits[row * quads + quad] - normaliser);
        }
        let positions = first[utterance * quads + quad];
        if (any(positions < vec4u(sizes.longest))) {
          d -= scale * vec4f(
            posterior_sum(states, text, positions.x, row_max), posterior_sum(states, text, positions.y, row_max),
            posterior_sum(states, text, positions.z, row_max), posterior_sum(states, text, positions.w, row_max));
        }
        d -= select(vec4f(), vec4f(scale * blank), is_blank & vec4<bool>(quad == blank_quad));
      }
      dx[row * quads + quad] = d;
    }
  }
}
