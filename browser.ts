/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
// The exports of `unfold/browser`: the engine and the speech models. scripts/build_browser.mjs bundles them with all shaders
// into one file.
export * from "./api/engine.ts";
export * from "./api/speech.ts";
