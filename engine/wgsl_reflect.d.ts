// The ESM build of wgsl_reflect ships no declaration beside itself; these are the parts that the engine reads.
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
}
