/// <reference types="@webgpu/types" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
// The exports of `unfold`: the tensor engine. `unfold/speech` has the speech models, `unfold/browser` both for a web page.
export * from "./api/engine.ts";

// Parameters in safetensors files.
export { loadParameters, saveParameters } from "./checkpoint/parameters_file.ts";

// This machine's adapters.
export { chooseAdapter } from "./engine/node/adapter.ts";
export { surveyAdapters, type AdapterSurvey } from "./engine/node/adapter_survey.ts";
