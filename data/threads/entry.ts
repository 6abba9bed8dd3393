/** What `new Worker()` needs to start a thread. */
export interface ThreadEntry {
  readonly url: URL;
  readonly execArgv: string[];
}

/** Whether this runs from the sources, under vitest or vite-node, rather than from dist/. */
export const fromSources: boolean = import.meta.url.endsWith(".ts");

/**
 * The entry of a thread: the file `thread` beside a module. Built, it is a .js file. In the sources it is TypeScript,
 * which a thread of Node 20 cannot run: vitest and vite-node compile only for their own thread, so a loader does it
 * here.
 *
 * @param module the module's `import.meta.url`
 */
export function threadEntry(module: string): ThreadEntry {
  if (!fromSources) return { url: new URL("./thread.js", module), execArgv: [] };
  const loader = new URL("../../scripts/typescript_loader.mjs", import.meta.url);
  return { url: new URL("./thread.ts", module), execArgv: ["--import", loader.href] };
}
