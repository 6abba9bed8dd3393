/// <reference types="@vitest/browser/providers/playwright" />
import { defineConfig } from "vitest/config";
// @ts-expect-error: plain JavaScript, because it uses the compiled engine
import { browserHost } from "./scripts/browser_plugin.mjs";

// Tests in a real browser, chosen by scripts/test_browser.mjs. WebGPU's software adapter needs --enable-unsafe-webgpu; the last
// two flags keep a fresh browser from calling home.
export default defineConfig({
  plugins: [browserHost({ folders: ["engine", "kernels", "bench"] })],
  test: {
    include: ["test/browser/**/*.browser.test.ts"],
    testTimeout: 240_000,
    hookTimeout: 240_000,
    fileParallelism: false,
    browser: {
      enabled: true,
      provider: "playwright",
      headless: true,
      screenshotFailures: false,
      instances: [
        {
          browser: "chromium",
          launch: {
            executablePath: process.env["CHROMIUM"] ?? "chromium",
            args: [
              "--no-sandbox",
              "--enable-unsafe-webgpu",
              "--disable-background-networking",
              "--disable-component-update",
            ],
          },
        },
      ],
    },
  },
});
