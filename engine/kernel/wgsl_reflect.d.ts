// The ESM build of wgsl_reflect ships without type declarations; these cover what the engine and its tests use.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  interface TypeInfo {
    name: string;
    size: number;
    format?: TypeInfo | null;
    members?: { name: string; offset: number; type: TypeInfo }[];
  }
  interface VariableInfo {
    name: string;
    access: string;
    group: number;
    binding: number;
    type: TypeInfo;
  }
  export class WgslReflect {
    constructor(code: string);
    storage: VariableInfo[];
    immediates: VariableInfo[];
    entry: { compute: { name: string }[] };
  }
  /** Runs the threads of a workgroup, for `detectRaces`. */
  export class WorkgroupScheduler {
    run(): void;
  }
  /** A CPU interpreter that runs every workgroup's threads in lockstep between barriers. */
  export function detectRaces(
    code: string,
    entryPoint: string,
    workgroups: number[],
    bindGroups: Record<number, Record<number, ArrayBuffer | { uniform: ArrayBuffer }>>,
  ): { races: { message: string }[]; errors: string[] };
}
