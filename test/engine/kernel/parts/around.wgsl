// include parts/and_around.wgsl
