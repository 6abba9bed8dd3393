// The text of every shader and reference, in a file of its own that is loaded when a first one is shown.
import { expandIncludes } from "../../../engine/kernel/includes.ts";
import { formulasOf } from "../../../scripts/docs/doc_comments.ts";

const SHADERS = import.meta.glob<string>("../../../{kernels,engine}/**/*.wgsl", {
  query: "?raw",
  import: "default",
  eager: true,
});
const REFERENCES = import.meta.glob<string>("../../../kernels/*/reference.ts", {
  query: "?raw",
  import: "default",
  eager: true,
});

const shaders = placed(SHADERS);
const references = placed(REFERENCES);

/** By path within the project: "/kernels/glu/forward.wgsl". */
function placed(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files).map(([path, text]) => [path.replace("../../..", ""), text]));
}

export interface Shader {
  /** "softmax/forward_thread_row" */
  readonly name: string;
  /** With its includes. */
  readonly code: string;
}

/** The shaders of an operation, those that a case ran first. */
export function shadersOf(operation: string, ran: readonly string[]): Shader[] {
  const own = [...shaders.keys()].filter(
    (path) => path.startsWith(`/kernels/${operation}/`) && !path.includes("/parts/"),
  );
  const paths = ran.flatMap((name) => [...shaders.keys()].filter((path) => path.endsWith(`/${name}.wgsl`)).slice(0, 1));
  return [...new Set([...paths, ...own])].map((path) => ({
    name: path.replace(/^\/(kernels\/)?|\.wgsl$/gu, ""),
    code: expandIncludes(new URL(`file://${path}`), ({ pathname }) => {
      const text = shaders.get(pathname);
      if (text === undefined) throw new Error("it is not among the shaders");
      return text;
    }),
  }));
}

/** An operation's definition in float64, and its formulas. */
export function referenceOf(operation: string): {
  readonly code: string;
  readonly formulas: ReturnType<typeof formulasOf>;
} {
  const code = references.get(`/kernels/${operation}/reference.ts`) ?? "";
  return { code, formulas: formulasOf(code) };
}
