/**
 * Subgroup matrices of 16 x 16 as plain WGSL, for drivers without matrix units: a block's 256 sums are spread over the 32
 * threads of a subgroup, as hardware does it, and a factor is only where to find it in workgroup memory, since what lies
 * there does not change between its load and its use. It lies there as vec4, in which Dawn counts places and strides (its message
 * for a stride that is too short says bytes as well: 8 for each). All index arithmetic of the shader runs as it is.
 */
export function emulateSubgroupMatrices(code: string): string {
  const stores = new Set<string>();
  const emulated = code
    .replace("enable chromium_experimental_subgroup_matrix;\n", "")
    .replace(/^diagnostic\(.*\n/m, "")
    .replace(/^alias Left = .*\nalias Right = .*\nalias Result = .*\n/m, TYPES)
    .replaceAll(
      /subgroupMatrixLoad<(\w+), (\w+)>\(&(\w+), ([^;]*)\);/g,
      (_, type: string, order: string, _array: string, where: string) => {
        return `${type}(${where}, ${order === "col_major" ? 1 : 0}u);`;
      },
    )
    .replaceAll("subgroupMatrixMultiplyAccumulate(", "multiply_accumulate(local, ")
    .replaceAll(/subgroupMatrixStore<row_major>\(&(\w+), /g, (_, array: string) => {
      stores.add(array);
      return `store_block_${array}(local, `;
    });
  if (/subgroupMatrix|subgroup_matrix/.test(emulated)) throw new Error("a use of subgroup matrices is not emulated");
  return [emulated, MULTIPLY, ...[...stores].map(storeInto)].join("\n");
}

const TYPES = `
struct Left { offset: u32, stride: u32, by_column: u32 }
struct Right { offset: u32, stride: u32, by_column: u32 }
struct Result { sums: array<f32, 8> }
`;

// Thread l of a subgroup has elements l, l + 32, … of the block, in rows of 16. The loops' lengths are unknown to compilers, which
// would otherwise spend minutes on unrolling all of them.
const MULTIPLY = `
fn times(n: u32) -> u32 {
  return select(n, 0u, sizes.splits == 0u);
}

fn multiply_accumulate(local: u32, left: Left, right: Right, addend: Result) -> Result {
  var result = addend;
  for (var e = 0u; e < times(8u); e++) {
    let row = (local % 32u + 32u * e) / 16u;
    let col = local % 16u;
    for (var k = 0u; k < times(16u); k++) {
      let at_left = 4u * left.offset + select(row * 4u * left.stride + k, k * 4u * left.stride + row, left.by_column == 1u);
      let at_right = 4u * right.offset + select(k * 4u * right.stride + col, col * 4u * right.stride + k, right.by_column == 1u);
      result.sums[e] += f32(tile_a[at_left / 4u][at_left % 4u]) * f32(tile_b[at_right / 4u][at_right % 4u]);
    }
  }
  return result;
}
`;

const storeInto = (array: string): string => `
fn store_block_${array}(local: u32, offset: u32, value: Result, stride: u32) {
  for (var e = 0u; e < times(8u); e++) {
    ${array}[offset + (local % 32u + 32u * e) / 16u * stride + local % 16u] = value.sums[e];
  }
}
`;
