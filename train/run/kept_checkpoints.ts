import type { Scored } from "../../checkpoint/state.ts";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { copyAtomically } from "../../data/files/atomic_file.ts";
import { loadState, writeStateBeside } from "../../checkpoint/checkpoint_file.ts";

/** Whether `a` has the lower WER or, at the same WER, the lower CER: early in training every WER is 100 %. */
export function isBetter(a: Omit<Scored, "step">, b: Omit<Scored, "step">): boolean {
  return a.wer < b.wer || (a.wer === b.wer && (a.cer ?? Infinity) < (b.cer ?? Infinity));
}

export interface KeepingConfig {
  /**
   * Steps between regular checkpoints; those that an interrupted run saves in between are not kept once a newer one
   * exists.
   */
  readonly everySteps: number;
  readonly keepLast: number;
  readonly keepBest: number;
}

export const LAST_FILE = "last.safetensors";
export const BEST_FILE = "best.safetensors";

type Kind = "last" | "best";

/** How a run's checkpoints are ranked. */
export interface Judging<Score> {
  readonly isBetter: (a: Score, b: Score) => boolean;
  /** Reads the state of a checkpoint file. */
  readonly loadState: (path: string) => { readonly step: number };
}

/** Of recognisers. */
export const byErrorRate: Judging<Scored> = { isBetter, loadState };

/** The part of a checkpoint's state that lists the best ones. */
export interface Ranked<Score> {
  readonly best: Score | null;
  readonly nextBest?: readonly Score[] | undefined;
}

/**
 * The checkpoints in a run's folder: `last.safetensors` to resume from, `best.safetensors` to use, and with keep_last or
 * keep_best above 1 the ones before them, named by their step (`last-000600.safetensors`).
 *
 * A kill at any moment loses nothing that a resumed run relies on. A file gets its name only once it is complete, and
 * every checkpoint that `last.safetensors` lists stays until a newer one drops it: the old file first gets a second name,
 * then the new one takes over the first, and others are deleted only after `last.safetensors` is saved.
 */
export class KeptCheckpoints<Score extends { readonly step: number } = Scored> {
  readonly #folder: string;
  readonly #config: KeepingConfig;
  readonly #judging: Judging<Score>;
  #ranking: Score[];
  #lastStep: number;

  /** @param resumed state of the `last.safetensors` that the run resumes from; the folder is restored to what it was then */
  constructor(
    folder: string,
    config: KeepingConfig,
    judging: Judging<Score>,
    resumed?: Ranked<Score> & { readonly step: number },
  ) {
    this.#folder = folder;
    this.#config = config;
    this.#judging = judging;
    this.#ranking = [...(resumed?.best ? [resumed.best] : []), ...(resumed?.nextBest ?? [])].slice(0, config.keepBest);
    this.#lastStep = resumed?.step ?? 0;
    if (resumed) this.#restore(resumed);
  }

  /** Best first; ties go to the earlier one. */
  get ranking(): readonly Score[] {
    return this.#ranking;
  }

  get state(): Ranked<Score> {
    const [best = null, ...nextBest] = this.#ranking;
    return { best, ...(nextBest.length > 0 && { nextBest }) };
  }

  path(kind: Kind, step?: number): string {
    return join(
      this.#folder,
      step === undefined ? `${kind}.safetensors` : `${kind}-${String(step).padStart(6, "0")}.safetensors`,
    );
  }

  /** Files of up to `count` kept checkpoints, best or newest first. */
  files(kind: Kind, count: number): string[] {
    if (kind === "best" && this.#ranking.length === 0) return [];
    const more = kind === "best" ? this.#ranking.slice(1).map(({ step }) => step) : this.#earlierLast();
    return [this.path(kind), ...more.map((step) => this.path(kind, step))].slice(0, count);
  }

  /** Ranks an evaluated model and saves it if it is among the best. Calls `save` once `state` includes it. */
  async evaluated(scored: Score, save: (path: string) => Promise<void>): Promise<void> {
    const place = this.#ranking.filter((kept) => !this.#judging.isBetter(scored, kept)).length;
    if (place >= this.#config.keepBest) return;
    const [best] = this.#ranking;
    if (place === 0 && best) this.#keepAs("best", best.step);
    this.#ranking = this.#ranking.toSpliced(place, 0, scored).slice(0, this.#config.keepBest);
    await save(place === 0 ? this.path("best") : this.path("best", scored.step));
  }

  /** Saves a checkpoint to resume from, then deletes those no longer kept. */
  async last(step: number, save: (path: string) => Promise<void>): Promise<void> {
    const regular = this.#lastStep > 0 && this.#lastStep % this.#config.everySteps === 0;
    if (this.#config.keepLast > 1 && regular && this.#lastStep < step) this.#keepAs("last", this.#lastStep);
    await save(this.path("last"));
    this.#lastStep = step;
    this.#prune();
  }

  /** Keeps a copy of a kind's newest file under a name with its step. */
  #keepAs(kind: Kind, step: number): void {
    for (const named of [(path: string) => path, json])
      if (existsSync(named(this.path(kind)))) copyAtomically(named(this.path(kind)), named(this.path(kind, step)));
  }

  /** Undoes what a killed run did after its last checkpoint. The JSON file beside it may still be the previous one's. */
  #restore(resumed: { readonly step: number }): void {
    writeStateBeside(this.path("last"), resumed);
    const [best] = this.#ranking;
    if (best && existsSync(this.path("best"))) {
      const earlier = this.path("best", best.step);
      if (this.#judging.loadState(this.path("best")).step !== best.step && existsSync(earlier))
        copyAtomically(earlier, this.path("best"));
      writeStateBeside(this.path("best"), this.#judging.loadState(this.path("best")));
    }
    this.#prune();
  }

  #prune(): void {
    const kept = new Set([
      ...this.#ranking.slice(1).map(({ step }) => this.path("best", step)),
      ...this.#earlierLast().map((step) => this.path("last", step)),
    ]);
    for (const name of readdirSync(this.#folder)) {
      const [, checkpoint, partial] = /^((?:last|best)-\d{6,})\.(?:safetensors|json)(\.partial)?$/u.exec(name) ?? [];
      if (checkpoint === undefined) continue;
      if (partial !== undefined || !kept.has(join(this.#folder, `${checkpoint}.safetensors`)))
        rmSync(join(this.#folder, name), { force: true });
    }
  }

  /** Steps of the regular checkpoints before the last one, newest first. */
  #earlierLast(): number[] {
    return readdirSync(this.#folder)
      .map((name) => Number(/^last-(\d{6,})\.safetensors$/u.exec(name)?.[1] ?? NaN))
      .filter((step) => step < this.#lastStep)
      .sort((a, b) => b - a)
      .slice(0, this.#config.keepLast - 1);
  }
}

const json = (path: string): string => path.replace(/\.safetensors$/u, ".json");
