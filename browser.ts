/// <reference types="@webgpu/types" preserve="true" />
// What `unfold/browser` exports: the engine and the speech models in one file with all shaders inside, which
// scripts/build_browser.mjs makes of this one.
export * from "./api/engine.ts";
export * from "./api/speech.ts";
