/** What `new Worker()` needs to start a thread that computes features. */
export interface ThreadEntry {
  readonly url: URL;
  readonly execArgv: string[];
}

/** Whether this runs from the sources, under vitest or vite-node, and not from what was built to dist/. */
export const fromSources: boolean = import.meta.url.endsWith(".ts");

/**
 * The file that a thread begins with. Built, it lies beside this one as .js. From the sources it is TypeScript, of which a
 * thread of Node 20 knows nothing: vitest and vite-node compile for their own thread only, so a loader does it here.
 */
export function threadEntry(): ThreadEntry {
  if (!fromSources) return { url: new URL("./thread.js", import.meta.url), execArgv: [] };
  const loader = new URL("../../../scripts/typescript_loader.mjs", import.meta.url);
  return { url: new URL("./thread.ts", import.meta.url), execArgv: ["--import", loader.href] };
}
