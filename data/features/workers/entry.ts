/** What `new Worker()` needs to start a thread that computes features. */
export interface ThreadEntry {
  readonly url: URL;
  readonly execArgv: string[];
}

/** Whether this runs from the sources, under vitest or vite-node, rather than from dist/. */
export const fromSources: boolean = import.meta.url.endsWith(".ts");

/**
 * The entry file of a thread. Built, it is the .js file beside this one. In the sources it is TypeScript, which a
 * thread of Node 20 cannot run: vitest and vite-node compile only for their own thread, so a loader does it here.
 */
export function threadEntry(): ThreadEntry {
  if (!fromSources) return { url: new URL("./thread.js", import.meta.url), execArgv: [] };
  const loader = new URL("../../../scripts/typescript_loader.mjs", import.meta.url);
  return { url: new URL("./thread.ts", import.meta.url), execArgv: ["--import", loader.href] };
}
