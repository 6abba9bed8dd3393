// Twice a number, of the type that `real` stands for.
fn twice(x: real) -> real {
  return x + x;
}
