import { defineVariants, type VariantDevice, type VariantsDeclaration } from "../../engine/tuning/variants.ts";

/** The sizes that the speed of attention depends on. */
export interface AttentionSizes {
  readonly [name: string]: number | boolean;
  readonly batch: number;
  readonly heads: number;
  readonly queries: number;
  readonly keys: number;
  readonly width: number;
  readonly relative: boolean;
}

/** Two designs, each with a shader `<design>_<kernel>.wgsl` for every kernel, which explains how it works. */
export type Design = "subgroup" | "workgroup";

const declaration: VariantsDeclaration<AttentionSizes, Design> = {
  variants: {
    subgroup: { adapters: "software", requires: ["subgroups"], fits: (_, { info }) => info.subgroupMinSize >= 4 },
    workgroup: {},
  },
  defaults: (_, { isSoftware }) => (isSoftware ? ["subgroup", "workgroup"] : ["workgroup"]),
};

/** Forward and backward are chosen separately: what forward keeps for backward does not depend on the design. */
export const forwardVariants = defineVariants("attention", declaration);
export const backwardVariants = defineVariants("attention_backward", declaration);

/** Lanes of a workgroup of the subgroup design: at most as many as the smallest subgroup of this device. */
export const lanesOf = ({ info }: Pick<VariantDevice, "info">): number => (info.subgroupMinSize >= 8 ? 8 : 4);
