/// <reference types="@webgpu/types" preserve="true" />
// What `unfold` exports: the tensor engine. `unfold/speech` has the speech models, `unfold/browser` both for a web page.
export * from "./api/engine.ts";

// Which adapters this machine has.
export { chooseAdapter } from "./engine/node/adapter.ts";
export { surveyAdapters, type AdapterSurvey } from "./engine/node/adapter_survey.ts";
