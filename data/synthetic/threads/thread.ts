import { answerJobs } from "../../threads/answer_jobs.ts";
import type { Speech } from "../flite.ts";
import { loadFlite } from "../load_flite.ts";
import { renderTake, type SpeakRequest } from "../utterance.ts";

const flite = loadFlite();

answerJobs<SpeakRequest, Speech>(
  async ({ voice, words, take, sampleRate }) => renderTake(await flite, voice, words, take, sampleRate),
  ({ samples }) => [samples.buffer as ArrayBuffer],
);
