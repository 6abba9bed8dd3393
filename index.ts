/// <reference types="@webgpu/types" preserve="true" />
export { openDevice, type Device } from "./engine/device.ts";
export { chooseAdapter, type AdapterDescription, type AdapterOptions } from "./engine/adapter.ts";
export { surveyAdapters, type AdapterSurvey } from "./engine/adapter_survey.ts";
export { RunError, UserError } from "./engine/errors.ts";
