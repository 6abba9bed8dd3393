import { preview } from "vite";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    /** Address of the built page. */
    page: string;
  }
}

/** Serves web/dist as any static host would. */
export default async function serve(project: TestProject): Promise<() => Promise<void>> {
  const server = await preview({
    configFile: "web/vite.config.mjs",
    preview: { host: "127.0.0.1", port: 0 },
    logLevel: "error",
  });
  project.provide("page", server.resolvedUrls?.local[0] ?? "");
  return () => server.close();
}
