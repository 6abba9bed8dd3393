/**
 * The name under which `using` finds what to call at the end of a block. Runtimes without it (Node below 20.9, some browsers) get the
 * symbol that compilers of `using` fall back to.
 */
export const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? (Symbol.for("Symbol.dispose") as typeof Symbol.dispose);
