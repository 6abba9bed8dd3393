// include parts/around.wgsl
