import { UserError } from "../../engine/errors.ts";
import type { CtcModel } from "../../model/ctc_model.ts";
import { createFrontEnd, type FrontEnd } from "../../model/features/front_end.ts";
import { subsampledLength } from "../../model/conformer/subsampling.ts";
import { CharacterUnits } from "../../model/units/characters.ts";
import type { Units } from "../../model/units/units.ts";
import { modelFrames } from "../../config/model_config.ts";
import type { TrainConfig } from "../../config/config.ts";
import type { Origin } from "../../config/origin.ts";
import { buildFrontEnd } from "../../config/front_end.ts";
import type { Observer } from "../observer.ts";
import { AudioReader, type ReadRecording } from "../audio/audio.ts";
import { pieceOf, readManifest, type ManifestEntry } from "../manifest/manifest.ts";
import { trainingUnits } from "../training_units.ts";
import { marksIn } from "../text/marks.ts";
import { validateUtterances } from "../manifest/validate.ts";
import { Duplicates } from "./duplicates.ts";
import { characterRemarks, remarksOn, type Heard } from "./remarks.ts";
import { durationsOf, type DataReport, type Fault, type FaultKind, type RecordingRemark } from "./report.ts";
import { examineSound } from "./sound.ts";
import { vocabularyOf } from "./vocabulary.ts";

/** dBFS; speech recorded very quietly is at -45. */
const SILENCE_DBFS = -60;

/**
 * Reads all audio and texts of a manifest and finds what training would reject, leave out or learn nothing from.
 *
 * @param config whose sample rate, features and units apply; null for the defaults (a Conformer) and the characters of
 *   the texts
 * @param origin the checkpoint that the config starts from, if any
 * @throws UserError if the manifest or the config's tokenizer cannot be read
 */
export async function checkData(
  file: string,
  config: TrainConfig | null,
  { origin, observer }: { origin?: Origin | undefined; observer: Observer },
): Promise<DataReport> {
  const manifest = await readManifest(file);
  const { entries } = manifest;
  const texts = entries.map(({ text }) => text);
  const frontEnd = config ? buildFrontEnd(config) : createFrontEnd({ kind: "fbank", fbank: {} });
  const outputFrames = config ? modelFrames(config).outputFrames : subsampledLength;
  const units = config ? trainingUnits(config, texts, origin) : CharacterUnits.fromTexts(texts);

  const faults: Fault[] = manifest.duplicates.map((entry) =>
    faultOf("duplicate", entry, `has the same audio and text as ${entry.earlier.id} (${entry.earlier.source})`),
  );
  const heard: Heard[] = [];
  const recordings = new Map<string, RecordingRemark>();
  const duplicates = new Duplicates();
  const audio = new AudioReader();
  const task = observer.task("reading audio", entries.length);
  try {
    for (const [i, entry] of entries.entries()) {
      const recording = await readEntry(audio, entry);
      if (recording instanceof UserError) faults.push(faultOf("unreadable", entry, recording.message));
      else {
        for (const remark of recording.remarks) {
          const key = `${entry.audioPath}: ${remark}`;
          if (!recordings.has(key)) recordings.set(key, { id: entry.id, source: entry.source, remark });
        }
        const sound = examineSound(recording);
        const twin = duplicates.next(entry, sound.digest);
        if (twin) faults.push(faultOf("duplicate", entry, twin));
        if (sound.dbfs < SILENCE_DBFS)
          faults.push(
            faultOf(
              "silent",
              entry,
              sound.dbfs === -Infinity ? "all samples are equal" : `its level is ${sound.dbfs.toFixed(1)} dBFS`,
            ),
          );
        const marks = marksIn(entry.text);
        if (marks.length > 0)
          faults.push(faultOf("special token", entry, `its text has ${marks.join(", ")}, which is no word`));
        faults.push(...alignmentFaults(entry, recording, units, frontEnd, outputFrames));
        const { sampleRate, channels, samples } = recording;
        heard.push({
          id: entry.id,
          seconds: samples.length / sampleRate,
          sampleRate,
          channels,
          clipped: sound.clipped,
        });
      }
      task.update(i + 1, entries.length);
    }
  } finally {
    task.stop();
    await audio.close();
  }

  const vocabulary = vocabularyOf(texts);
  const rates = [...new Set(heard.map(({ sampleRate }) => sampleRate))].sort((a, b) => a - b);
  return {
    manifest: file,
    utterances: entries.length,
    hours: heard.reduce((sum, { seconds }) => sum + seconds, 0) / 3600,
    speakers: new Set(entries.flatMap(({ speaker }) => speaker ?? [])).size,
    durations: durationsOf(heard.map(({ seconds }) => seconds)),
    sampleRates: rates.map((hz) => ({ hz, utterances: heard.filter(({ sampleRate }) => sampleRate === hz).length })),
    vocabulary,
    units: { kind: units.kind, size: units.size },
    faults,
    recordings: [...recordings.values()],
    remarks: [...remarksOn(heard, vocabulary, frontEnd.sampleRate), ...characterRemarks(entries)],
  };
}

function faultOf(kind: FaultKind, { id, source }: Pick<ManifestEntry, "id" | "source">, reason: string): Fault {
  return { kind, id, source, reason: reason.replace(/\.$/u, "") };
}

async function readEntry(audio: AudioReader, entry: ManifestEntry): Promise<ReadRecording | UserError> {
  try {
    return await audio.readRecording(entry.audioPath, pieceOf(entry));
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

/** What training would report about the utterance's length, after resampling and subsampling, and about its text. */
function alignmentFaults(
  entry: ManifestEntry,
  recording: ReadRecording,
  units: Units,
  { sampleRate, frameCount }: FrontEnd,
  outputFrames: CtcModel["outputFrames"],
): Fault[] {
  const unknown = units.unknownIn(entry.text);
  if (unknown.length > 0)
    return [
      faultOf("unknown character", entry, `no unit spells ${unknown.map((character) => `'${character}'`).join(", ")}`),
    ];
  const samples = Math.round((recording.samples.length * sampleRate) / recording.sampleRate);
  const frames = outputFrames(frameCount(samples));
  const { skipped, warnings } = validateUtterances([
    {
      id: entry.id,
      duration: entry.duration,
      isPiece: !entry.isWhole,
      frames,
      labels: units.encode(entry.text),
      samples,
      sampleRate,
    },
  ]);
  const withoutId = (warning: string) => warning.slice(entry.id.length + 2);
  return [
    ...skipped.map(({ reason }) => faultOf("too short", entry, reason)),
    ...warnings.map((warning) => faultOf("wrong duration", entry, withoutId(warning))),
  ];
}
