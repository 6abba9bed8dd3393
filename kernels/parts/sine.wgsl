// WGSL's own sin and cos are only good to 2^-11, and only within one turn. As in Cephes' sinf: k quarter turns are taken off, π/2 in
// three parts of few bits so that k times each is exact, and a polynomial of the rest, at most π/4, is sin or cos of it.
fn sine_of_quarters(v: f32, first: u32) -> f32 {
  let k = round(v * 0.63661977);
  let r = ((v - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.549789948768648e-8;
  let s = r * r;
  let sine = r + r * s * (-1.6666654611e-1 + s * (8.3321608736e-3 - s * 1.9515295891e-4));
  let cosine = 1.0 - 0.5 * s + s * s * (4.166664568298827e-2 + s * (-1.388731625493765e-3 + s * 2.443315711809948e-5));
  let quarter = (u32(i32(k)) + first) & 3u;
  let value = select(sine, cosine, (quarter & 1u) == 1u);
  return select(value, -value, quarter >= 2u);
}
