// include parts/no_such.wgsl
