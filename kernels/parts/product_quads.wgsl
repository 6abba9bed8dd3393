// Elements k … k + 3 of four rows of op(a), one row per column of the matrix, where a is stored [inner, rows].
fn load_transposed_a(start: u32, row: u32, k: u32) -> mat4x4f {
  return transpose(mat4x4f(column_of_a(start, row, k), column_of_a(start, row, k + 1u), column_of_a(start, row, k + 2u), column_of_a(start, row, k + 3u)));
}

fn column_of_a(start: u32, row: u32, k: u32) -> vec4f {
  return select(vec4f(), vec4f(a[start + (k * sizes.stride_a + row) / 4u]), k < sizes.inner);
}
