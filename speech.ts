/// <reference types="@webgpu/types" preserve="true" />
// The exports of `unfold/speech`: the speech models and their files on disk.
export * from "./api/speech.ts";

export { loadConfig, type ConfigOptions } from "./checkpoint/load_config.ts";
export { loadCheckpoint, type OpenCheckpoint } from "./checkpoint/checkpoint_file.ts";
export { readAudio, type Audio } from "./data/audio/audio.ts";
export { readManifest, type Manifest, type ManifestEntry } from "./data/manifest/manifest.ts";
export { VOICES, type Manner, type Speech, type Synthesizer, type Voice } from "./data/synthetic/flite.ts";
export { loadFlite } from "./data/synthetic/load_flite.ts";
export { drawTake, renderTake, type Take } from "./data/synthetic/utterance.ts";
export { openRecogniser } from "./recognition/open_recogniser.ts";
export { transcribeFiles, type TranscribeOptions } from "./recognition/transcribe.ts";
export type { Transcript } from "./recognition/transcript.ts";
