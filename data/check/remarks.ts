import { nameSome } from "../import/text_file.ts";
import { codePoint } from "../../model/units/characters.ts";
import { invisibleIn, lostIn } from "../../model/units/normal_form.ts";
import type { ManifestEntry } from "../manifest/manifest.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** Findings about the audio of a readable utterance. */
export interface Heard {
  readonly id: string;
  readonly seconds: number;
  readonly sampleRate: number;
  readonly channels: number;
  /** Number of clipped samples. */
  readonly clipped: number;
}

/** Remarks, one sentence each, on what training handles but the user should know. */
export function remarksOn(heard: readonly Heard[], { emptyTexts }: Vocabulary, targetRate: number): string[] {
  const remarks: string[] = [];
  const rates = [...new Set(heard.map(({ sampleRate }) => sampleRate))].sort((a, b) => a - b);
  if (rates.length > 1)
    remarks.push(
      `mixed sample rates: ${rates.map((hz) => `${hz} Hz (${heard.filter(({ sampleRate }) => sampleRate === hz).length})`).join(", ")}; all are resampled to ${targetRate} Hz`,
    );
  else if (rates[0] !== undefined && rates[0] !== targetRate)
    remarks.push(`audio of ${rates[0]} Hz is resampled to ${targetRate} Hz`);
  const low = heard.filter(({ sampleRate }) => sampleRate < targetRate);
  if (low.length > 0)
    remarks.push(
      `${low.length} of ${heard.length} have a lower sample rate than the ${targetRate} Hz of training, so no sound above half of it: ${some(low)}`,
    );
  const several = heard.filter(({ channels }) => channels > 1);
  if (several.length > 0)
    remarks.push(`${several.length} of ${heard.length} have several channels, which are averaged: ${some(several)}`);
  const clipped = heard.filter((one) => one.clipped > 0);
  if (clipped.length > 0) remarks.push(`${clipped.length} of ${heard.length} are clipped: ${some(clipped)}`);
  const seen = new Set<string>();
  const sameId = heard.filter(({ id }) => seen.size === seen.add(id).size);
  if (sameId.length > 0)
    remarks.push(
      `${sameId.length} of ${heard.length} have the id of an earlier one, so reports cannot tell them apart: ${some(sameId)}`,
    );
  if (emptyTexts > 0) remarks.push(`${emptyTexts} texts are empty`);
  return remarks;
}

/** A remark on each character of the texts that is invisible or was lost, with its code point. */
export function characterRemarks(entries: readonly Pick<ManifestEntry, "text" | "source">[]): string[] {
  const remarks = (found: (text: string) => string[], sentence: (code: string) => string): string[] => {
    const sources = new Map<string, string[]>();
    for (const { text, source } of entries)
      for (const character of found(text)) sources.set(character, [...(sources.get(character) ?? []), source]);
    return [...sources].map(
      ([character, all]) =>
        `${all.length} of ${entries.length} texts have ${sentence(codePoint(character))} (first in ${all[0]})`,
    );
  };
  return [
    ...remarks(invisibleIn, (code) => `the invisible character ${code}, which a model learns like a letter`),
    ...remarks(lostIn, (code) => `${code} in place of a character that was lost when their encoding was converted`),
  ];
}

const some = (heard: readonly Heard[]): string => nameSome(heard.map(({ id }) => id));
