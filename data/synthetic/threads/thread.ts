import { answerJobs } from "../../threads/answer_jobs.ts";
import { loadFlite, type Speech } from "../flite.ts";
import { renderTake } from "../utterance.ts";
import type { SpeakRequest } from "./speech_threads.ts";

const flite = loadFlite();

answerJobs<SpeakRequest, Speech>(
  async ({ voice, words, take, sampleRate }) => renderTake(await flite, voice, words, take, sampleRate),
  ({ samples }) => [samples.buffer as ArrayBuffer],
);
