// include parts/twice.wgsl
fn four_times(x: real) -> real {
  return twice(twice(x));
}
