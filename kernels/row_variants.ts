import { defineVariants, type VariantDevice } from "../engine/tuning/variants.ts";
import { spread } from "../engine/kernel/kernel.ts";

/*
 * How kernels that reduce each row to a number or two divide up the row:
 *   thread_row      one thread per row: any device and any stride between columns; on a GPU only for strides, as its threads then
 *                   read neighbours
 *   subgroup_row    one subgroup of any width per row, four neighbouring columns per lane: best on CPUs, which load one lane after
 *                   another, and best on GPUs for rows of up to about a thousand columns, because no barrier is needed
 *   workgroup_row   one workgroup per row, with workgroup memory: for longer rows on a GPU, and rows of any length
 */

export interface RowChoice {
  readonly rows: number;
  readonly cols: number;
  /** The columns of a row are not neighbours in memory. */
  readonly strided: boolean;
  readonly [other: string]: number | boolean;
}

/** The three variants of an operation on rows. */
export const defineRowVariants = (operation: string) =>
  defineVariants(operation, {
    variants: {
      thread_row: { fits: ({ strided }: RowChoice, { isSoftware }) => isSoftware || strided },
      subgroup_row: { requires: ["subgroups"], fits: ({ cols, strided }: RowChoice) => cols % 4 === 0 && !strided },
      workgroup_row: { fits: ({ strided }: RowChoice) => !strided },
    },
    defaults: ({ cols }: RowChoice, { isSoftware }: VariantDevice) => {
      if (isSoftware) return ["subgroup_row", "thread_row"];
      return cols > 1024 ? ["workgroup_row", "thread_row"] : ["subgroup_row", "workgroup_row", "thread_row"];
    },
  });

/** Workgroups of `subgroup_row`, of 64 threads each: subgroups wider than eight lanes loop over several rows. */
export const subgroupRows = (rows: number): [number] => [Math.min(65535, Math.ceil(rows / 8))];

/** Workgroups of `workgroup_row`. */
export const workgroupRows = (rows: number): [number, number] => spread(rows, 1);

/** Threads of a workgroup of `workgroup_row`: at least about four columns each, and few different sizes to compile. */
export const threadsOfRow = (cols: number): number => (cols <= 128 ? 32 : cols <= 1024 ? 64 : 256);

/** Two variants of a kernel over the elements of rows: one column per load, or four where rows are whole vec4s. */
export const defineQuadVariants = (operation: string) =>
  defineVariants(operation, {
    variants: {
      columns: {},
      quads: { fits: ({ cols }: { readonly rows: number; readonly cols: number }) => cols % 4 === 0 },
    },
    defaults: () => ["quads", "columns"],
  });
