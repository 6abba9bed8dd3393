import type { SpeechOrder } from "../../worker/speech/protocol.ts";
import type {
  Judgement,
  SpokenString,
  SpokenStrings,
  StepLosses,
  TrainingReport,
  TrainingSettings,
} from "../../worker/train/protocol.ts";
import { EngineFault } from "../engine.ts";
import type { PageState } from "../state.svelte.ts";
import { decodeStrings, fetchTraining, type ShippedTraining } from "./strings.ts";

/** Steps between two judgements, each of which also keeps a snapshot. */
export const JUDGED_EVERY = 20;

/** Milliseconds that a slice of steps takes: what else is asked of the worker waits no longer. */
const SLICE = 250;

/** What section 4 shows, and what a person can do there. */
export class TrainingState {
  report = $state.raw<TrainingReport>();
  losses = $state.raw<readonly StepLosses[]>([]);
  judgements = $state.raw<readonly Judgement[]>([]);
  settings = $state.raw<TrainingSettings>();
  running = $state(false);
  /** Until the slice at hand is done. */
  pausing = $state(false);
  /** Fetching, decoding, or building a model. */
  preparing = $state(false);
  /** What was last begun or done, for all to read. */
  news = $state("");
  readonly #page: PageState;
  #shipped: Promise<ShippedTraining> | undefined;
  #rate = 0;
  /** Strings spoken here, at the rate of the model at hand; those of `#waiting` are not trained on yet. */
  #spoken: readonly SpokenString[] = [];
  #waiting: readonly SpokenString[] = [];

  readonly step = $derived(Math.max(this.report?.step ?? 0, this.losses.at(-1)?.step ?? 0));

  constructor(page: PageState) {
    this.#page = page;
  }

  /** Trains until `pause`. */
  start = (): Promise<void> => this.#train(Infinity, this.start);

  /** Takes one step. */
  takeStep = (): Promise<void> => this.#train(1, this.takeStep);

  pause = (): void => {
    this.pausing = this.running;
  };

  /** Takes effect at the next step. */
  set(change: Partial<TrainingSettings>): void {
    if (this.settings) this.settings = { ...this.settings, ...change };
  }

  /** The checkpoint's bytes, of the steps done so far. */
  save = (): Promise<Uint8Array | undefined> =>
    this.#attempt(
      () => {
        this.news = "The device is open again: save once more.";
        return Promise.resolve();
      },
      () => this.#page.engine.call("saveTraining", {}),
    );

  /** Goes on from a checkpoint; what the page has trained stays if it cannot be used. */
  load = (file: File): Promise<void> =>
    this.#attempt(
      () => this.load(file),
      () =>
        this.#prepared(async () => {
          const checkpoint = { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name };
          const rate = await this.#page.engine.call("trainingRate", checkpoint);
          const strings = await this.#strings(await this.#fetched(), rate);
          this.#begin(await this.#page.engine.call("startTraining", { strings, checkpoint }), rate);
          this.news = `Loaded ${file.name}, paused at step ${this.step}.`;
        }),
    );

  /** What a synthesiser is to speak: strings beyond the page's own and `spoken` more, none of those kept back. */
  async speechOrder(spoken: number, count: number): Promise<SpeechOrder> {
    const { train, dev } = await this.#fetched();
    const keptBack = dev.map(({ text }) => text);
    return { from: train.length + spoken, count, sampleRate: this.#rate, keptBack };
  }

  /** From the next step on these strings, at the model's rate, are trained on too; the epoch begins anew. */
  async add(strings: readonly SpokenString[]): Promise<void> {
    this.#spoken = [...this.#spoken, ...strings];
    this.#waiting = [...this.#waiting, ...strings];
    if (!this.running) await this.#grow();
  }

  #grow = (): Promise<void> => this.#attempt(this.#grow, this.#addWaiting);

  /** What waits still waits if this fails. */
  #addWaiting = async (): Promise<void> => {
    const strings = this.#waiting;
    if (strings.length === 0) return;
    this.report = await this.#page.engine.call("addStrings", { strings });
    this.#waiting = this.#waiting.slice(strings.length);
  };

  async #train(most: number, again: () => Promise<void>): Promise<void> {
    if (this.running || this.preparing) return;
    await this.#attempt(again, async () => {
      if (!this.report) await this.#prepared(this.#startAnew);
      this.running = true;
      if (most > 1) this.news = "Training.";
      for (let left = most; !this.pausing && left > 0;) {
        await this.#addWaiting();
        const steps = Math.min(left, JUDGED_EVERY - (this.step % JUDGED_EVERY));
        const settings = this.settings as TrainingSettings;
        left -= this.#add(await this.#page.engine.call("trainSteps", { most: steps, milliseconds: SLICE, settings }));
        if (this.step % JUDGED_EVERY === 0) await this.#judge();
      }
      await this.#addWaiting();
      this.news = `Paused at step ${this.step}.`;
    });
    this.running = this.pausing = false;
  }

  #startAnew = async (): Promise<void> => {
    const shipped = await this.#fetched();
    const { config } = shipped;
    const rate = (config as { data: { sample_rate: number } }).data.sample_rate;
    const strings = await this.#strings(shipped, rate);
    this.#begin(await this.#page.engine.call("startTraining", { strings, config }), rate);
  };

  /** The page's strings and, unless they were spoken at another rate, those spoken here. */
  async #strings(shipped: ShippedTraining, rate: number): Promise<SpokenStrings> {
    const { train, dev } = await decodeStrings(shipped, rate);
    return { train: [...train, ...(rate === this.#rate ? this.#spoken : [])], dev };
  }

  #begin(report: TrainingReport, rate: number): void {
    [this.report, this.settings, this.losses, this.judgements] = [report, report.settings, [], []];
    if (rate !== this.#rate) this.#spoken = [];
    [this.#rate, this.#waiting] = [rate, []];
  }

  /** Adds what steps lost. Those that a return to a snapshot undid are dropped. */
  #add(steps: readonly StepLosses[]): number {
    const first = steps[0]?.step ?? 0;
    this.losses = [...this.losses.filter(({ step }) => step < first), ...steps];
    return steps.length;
  }

  async #judge(): Promise<void> {
    const { recording, model } = this.#page;
    const waveform = model?.sampleRate === this.#rate ? recording?.samples : undefined;
    const judgement = await this.#page.engine.call("judgeTraining", { waveform });
    this.judgements = [...this.judgements.filter(({ step }) => step < judgement.step), judgement];
  }

  #fetched(): Promise<ShippedTraining> {
    this.#shipped ??= fetchTraining();
    this.#shipped.catch(() => (this.#shipped = undefined));
    return this.#shipped;
  }

  async #prepared(action: () => Promise<void>): Promise<void> {
    this.preparing = true;
    this.news = "Preparing the strings and the model.";
    try {
      await action();
    } finally {
      this.preparing = false;
      this.news = "";
    }
  }

  /** Says what went wrong. Where the device was lost, trying again opens it, and training goes on from its last snapshot. */
  async #attempt<Result>(again: () => Promise<void>, action: () => Promise<Result>): Promise<Result | undefined> {
    this.#page.fault = undefined;
    try {
      return await action();
    } catch (error) {
      const lost = error instanceof EngineFault && error.lost;
      this.news = this.report ? `Stopped after step ${this.step}.` : "";
      this.#page.say((error as Error).message, lost ? () => this.#reopen(again) : undefined);
      return undefined;
    }
  }

  async #reopen(again: () => Promise<void>): Promise<void> {
    try {
      this.#page.device = await this.#page.engine.call("open", {});
    } catch (error) {
      return this.#page.say((error as Error).message, () => this.#reopen(again));
    }
    await again();
  }
}
