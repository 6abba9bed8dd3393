import { defineConfig } from "vitest/config";

// The page in Chromium, driven from Node: scripts/test_web.mjs builds it first.
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["test/web/page/**/*.test.ts"],
    globalSetup: ["test/web/page/serve.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
