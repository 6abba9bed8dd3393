// A finite stand-in for -∞, since compilers may assume that no number is infinite. Whatever is lower counts as -∞.
const NEG_INF: f32 = -3.0e38;
