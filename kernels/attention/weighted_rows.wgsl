// The gradients of the biases, first of two stages. u affects the scores only through u · k_j, so du = Σ_bj key_sums_j · k_j with
// key_sums_j = Σ_i ds_ij; likewise dv = Σ_m position_sums_m · p_m. Each thread sums one column over a part of a layer's rows
// (a layer is an utterance or chunk of utterances); then partial_sums.wgsl adds the parts of all layers. On a GPU a part has 32
// rows: with a single part, too few threads would each wait for a few hundred loads in turn.
// Moves only what it must: x and the weights once.
alias x_type = f32;
struct Sizes { heads: u32, rows: u32, width: u32, x_layer: u32, layers: u32, offset: u32, part: u32 } // x_layer: rows from one layer of x to the next, or 0; part: in rows
var<immediate> sizes: Sizes;
@group(0) @binding(0) var<storage, read> weights: array<f32>;        // [layers, heads, rows] from `offset` on
@group(0) @binding(1) var<storage, read> x: array<x_type>;           // [layers or 1, rows, heads, width]
@group(0) @binding(2) var<storage, read_write> partial: array<f32>;  // [layers, parts, heads, width]

fn parts_of_layer() -> u32 {
  return (sizes.rows + sizes.part - 1u) / sizes.part;
}

@compute @workgroup_size(32)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let column = id.x;
  let layer = id.y / parts_of_layer();
  let first = id.y % parts_of_layer() * sizes.part;
  let dim = sizes.heads * sizes.width;
  if (column >= dim) {
    return;
  }
  let weights_start = sizes.offset + (layer * sizes.heads + column / sizes.width) * sizes.rows;
  let start = layer * sizes.x_layer * dim + column;
  var sum = 0.0;
  for (var row = first; row < min(first + sizes.part, sizes.rows); row++) {
    sum += weights[weights_start + row] * f32(x[start + row * dim]);
  }
  partial[id.y * dim + column] = sum;
}
