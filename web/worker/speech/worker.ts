/// <reference lib="webworker" />
// The worker that speaks, apart from the one that trains: the page ends it to cancel.
import type { Synthesizer } from "../../../data/synthetic/flite.ts";
import { renderTake } from "../../../data/synthetic/utterance.ts";
import type { SpokenString } from "../train/protocol.ts";
import { fetchFlite } from "./fetch_flite.ts";
import { furtherStrings } from "./further_strings.ts";
import type { SpeechAnswer, SpeechNews, SpeechRequest } from "./protocol.ts";

let flite: Synthesizer | undefined;

self.onmessage = async ({ data }: MessageEvent<SpeechRequest>) => {
  try {
    const strings = await speak(data);
    const memory = strings.map(({ waveform }) => waveform.buffer as ArrayBuffer);
    post({ answer: "strings", strings }, memory);
  } catch (error) {
    post({ answer: "fault", message: error instanceof Error ? error.message : String(error) });
  }
};

async function speak({ address, ...order }: SpeechRequest): Promise<SpokenString[]> {
  const synthesize = (flite ??= await fetchFlite(address, (bytes, total) => post({ news: "fetched", bytes, total })));
  return furtherStrings(order).map(([id, { voice, words, take, sampleRate }], i) => {
    const { samples } = renderTake(synthesize, voice, words, take, sampleRate);
    post({ news: "spoken", done: i + 1 });
    return { id, text: words.join(" "), waveform: samples };
  });
}

const post = (message: SpeechNews | SpeechAnswer, moved: ArrayBuffer[] = []): void => self.postMessage(message, moved);
