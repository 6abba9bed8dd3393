// CTC, backward to the input, as backward_thread_row.wgsl (which see for the mathematics): a subgroup of any width a frame.
//   d loss / d logit = softmax - γ,   γ(k) = share of the states labelled k in Σ_s exp(α(s) + β(s))
// Its lanes first share the states, for that sum and for the blank's part of it, then the classes, four neighbours each. A
// class gathers the states that carry it along the chain of its labels (label_places.wgsl), so every element is written
// once and by one lane. Loads and stores are coalesced; one thread a frame has each of its own elsewhere.
// Must move: logits, α + β and the gradient once.
enable subgroups;
requires subgroup_id;
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

// Σ exp(α + β - largest) of the states that carry one label: label `place` and all that equal it.
fn carried(states: u32, text: u32, place: u32, largest: f32) -> f32 {
  var sum = 0.0;
  for (var i = place; i < sizes.longest; i = next[text + i]) {
    sum += exp(occupancy[states + 2u * i + 1u] - largest);
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
    // Beyond the last row all lanes still meet at the reductions, and store nothing.
    let row = min(begin + subgroup, rows - 1u);
    let utterance = row / sizes.frames;
    let flow = dloss[utterance];
    let speaks = i32(row % sizes.frames) < input_lengths[utterance] && flow != 0.0;
    let labels = u32(clamp(target_lengths[utterance], 0, i32(sizes.longest)));
    let states = row * (2u * sizes.longest + 1u);
    let text = utterance * sizes.longest;
    let count = select(0u, 2u * labels + 1u, speaks);

    var largest = -3.0e38;
    for (var s = lane; s < count; s += lanes) {
      largest = max(largest, occupancy[states + s]);
    }
    largest = subgroupMax(largest);
    var of_blank = 0.0;
    var of_label = 0.0;
    for (var s = lane; s < count; s += lanes) {
      let share = exp(occupancy[states + s] - largest);
      of_blank += select(0.0, share, s % 2u == 0u);
      of_label += select(share, 0.0, s % 2u == 0u);
    }
    let blank = subgroupAdd(of_blank);
    let scale = flow / max(blank + subgroupAdd(of_label), 1.0e-30);

    let normaliser = log_normaliser[row];
    let end = select(0u, quads, begin + subgroup < rows);
    for (var quad = lane; quad < end; quad += lanes) {
      var d = vec4f();
      if (speaks) {
        if (sizes.from_log_probs == 0u) {
          d = flow * exp(logits[row * quads + quad] - normaliser);
        }
        let places = first[utterance * quads + quad];
        if (any(places < vec4u(sizes.longest))) {
          d -= scale * vec4f(
            carried(states, text, places.x, largest), carried(states, text, places.y, largest),
            carried(states, text, places.z, largest), carried(states, text, places.w, largest));
        }
        d -= select(vec4f(), vec4f(scale * blank), is_blank & vec4<bool>(quad == blank_quad));
      }
      dx[row * quads + quad] = d;
    }
  }
}
