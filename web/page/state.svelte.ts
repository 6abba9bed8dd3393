import { pathOf } from "../worker/paths.ts";
import type {
  AttentionQuestion,
  AttentionReport,
  DeviceReport,
  DepthResult,
  ModelPlan,
  ModelReport,
  Order,
  SoundReport,
  Unfolded,
} from "../protocol.ts";
import { Engine, EngineFault } from "./engine.ts";
import { sentence } from "./sentence.ts";
import { decode } from "./sound/decode.ts";
import { fetchClips, fetchSeed, recordedResults, type Clip } from "./shipped.ts";

/** What is being recognised. */
export interface Recording {
  readonly name: string;
  readonly samples: Float32Array;
  /** From which the samples come, at the model's rate. */
  readonly file: Blob;
  /** Index of a clip; absent for the person's own. */
  readonly clip?: number;
}

/** A checkpoint that the worker can load. */
interface ModelFile {
  readonly file: Blob;
  readonly name: string;
}

/** A sentence about what went wrong, and how to go on. */
export interface Fault {
  readonly message: string;
  readonly retry?: (() => Promise<void>) | undefined;
}

/** The clip that the page opens with: at the seed's depth it is half wrong. */
const FIRST_CLIP = 2;

/** Everything the page shows, and what a person can do with it. */
export class PageState {
  device = $state.raw<DeviceReport>();
  model = $state.raw<ModelReport>();
  clips = $state.raw<readonly Clip[]>([]);
  recording = $state.raw<Recording>();
  sound = $state.raw<SoundReport>();
  unfolded = $state.raw<Unfolded>();
  order = $state.raw<Order>("cycle");
  depth = $state(1);
  /** What was said, which the person can edit. */
  reference = $state("");
  /** Output frame under the pointer. */
  frame = $state(0);
  busy = $state("");
  fault = $state.raw<Fault>();
  /** Whether sections 2 and 3 run another model than the page's seed. */
  dropped = $state(false);
  readonly #engine = new Engine();
  /** For the sections with a state of their own. */
  readonly engine = this.#engine;
  /** The page's seed, and the model that sections 2 and 3 run. */
  #seed: ModelFile | undefined;
  #source: ModelFile | undefined;

  /** The shown depth's result. */
  readonly shown = $derived<DepthResult | undefined>(this.unfolded?.depths[this.depth - 1]);

  /** Opens the device, loads the shipped seed and recognises its first clip. */
  start = (): Promise<void> =>
    this.#attempt("loading the seed", this.start, async () => {
      const [device, seed, clips] = await Promise.all([this.#engine.call("open", {}), fetchSeed(), fetchClips()]);
      this.device = device;
      const name = "the seed of this page";
      this.model = await this.#engine.call("load", { bytes: seed, name });
      this.#source = this.#seed = { file: new Blob([seed as Uint8Array<ArrayBuffer>]), name };
      this.clips = clips;
      this.order = this.model.order;
      this.depth = this.model.blocks;
      await this.#chooseClip(FIRST_CLIP);
    });

  chooseClip = (clip: number): Promise<void> =>
    this.#attempt(
      "recognising",
      () => this.chooseClip(clip),
      () => this.#chooseClip(clip),
    );

  /** Takes a person's recording. Nothing is known of what it says. */
  chooseFile = (file: Blob, name: string): Promise<void> =>
    this.#attempt(
      "recognising",
      () => this.chooseFile(file, name),
      async () => {
        const samples = await decode(file, name, (this.model as ModelReport).sampleRate);
        await this.#recognise({ name, samples, file }, "");
      },
    );

  chooseOrder = (order: Order): Promise<void> =>
    this.#attempt(
      "unfolding",
      () => this.chooseOrder(order),
      async () => {
        const { recording } = this;
        if (recording) this.unfolded = await this.#unfold(recording, order);
        this.order = order;
      },
    );

  /** Opens the device anew, by the table of measurements that is kept now. */
  renewDevice = (): Promise<void> =>
    this.#attempt("opening the device", this.renewDevice, async () => {
      this.device = await this.#engine.call("open", {});
    });

  /** What a checkpoint is and needs, from its header. Rejects with a sentence if it is none. */
  planModel = (file: Blob, name: string): Promise<ModelPlan> => this.#engine.call("plan", { file, name });

  /** From now on sections 2 and 3 run this checkpoint. */
  useModel = (file: Blob, name: string): Promise<void> =>
    this.#attempt(
      "loading the model",
      () => this.useModel(file, name),
      () => this.#switchTo({ file, name }),
    );

  restoreSeed = (): Promise<void> =>
    this.#attempt("loading the seed", this.restoreSeed, () => this.#switchTo(this.#seed as ModelFile));

  attention = (question: AttentionQuestion): Promise<AttentionReport> => this.#engine.call("attention", question);

  say(message: string, retry?: () => Promise<void>): void {
    this.fault = { message: sentence(message), retry };
  }

  /** Whether a loss trained this very path: always, at some steps, or never. */
  training(depth: number, order = this.order): "always" | "sometimes" | "never" {
    const { model } = this;
    if (!model) return "never";
    const paths = [order, model.order].map((each) => pathOf(each, model.blocks, depth).join());
    if (paths[0] !== paths[1]) return "never";
    return model.trained.includes(depth) ? "always" : model.drawn.includes(depth) ? "sometimes" : "never";
  }

  async #chooseClip(index: number): Promise<void> {
    const { name, text, file } = this.clips[index] as Clip;
    const samples = await decode(file, name, (this.model as ModelReport).sampleRate);
    await this.#recognise({ name, samples, file, clip: index }, text);
  }

  /** Nothing changes on the page unless all of it succeeds. */
  async #recognise(recording: Recording, reference: string, model = this.model as ModelReport): Promise<void> {
    const isNew = model !== this.model;
    const order = isNew ? model.order : this.order;
    const sound = await this.#engine.call("sound", { waveform: recording.samples });
    const unfolded = await this.#unfold(recording, order);
    if (isNew) this.#show(model);
    [this.recording, this.sound, this.unfolded, this.reference] = [recording, sound, unfolded, reference];
    this.frame = Math.min(this.frame, Math.max(0, (unfolded?.frames ?? 1) - 1));
  }

  /** Loads another model, and recognises with it what is on the page. If that fails, the worker gets the model before back. */
  async #switchTo(source: ModelFile): Promise<void> {
    const { recording, reference } = this;
    try {
      const model = await this.#engine.call("loadFile", { ...source });
      if (recording) {
        const samples = await decode(recording.file, recording.name, model.sampleRate);
        await this.#recognise({ ...recording, samples }, reference, model);
      } else this.#show(model);
    } catch (error) {
      // A lost device is the error's own news: the checkpoint is the former one even then, and is built when there is a device again.
      if (this.#source) await this.#engine.call("loadFile", { ...this.#source }).catch(() => undefined);
      throw error;
    }
    this.#source = source;
    this.dropped = source !== this.#seed;
  }

  #show(model: ModelReport): void {
    [this.model, this.order, this.depth] = [model, model.order, Math.min(model.blocks, model.deepest)];
  }

  /** Without a device, the results that were recorded for the clips. */
  async #unfold(recording: Recording, order: Order): Promise<Unfolded | undefined> {
    if (this.device?.ok) return this.#engine.call("unfold", { waveform: recording.samples, order });
    if (order !== this.model?.order) throw new Error("other orders than the recorded one need WebGPU: see Device");
    if (recording.clip === undefined) return undefined;
    const bytes = await recordedResults();
    return this.#engine.call("recall", { bytes, clip: recording.clip });
  }

  async #attempt(busy: string, again: () => Promise<void>, action: () => Promise<void>): Promise<void> {
    if (this.busy !== "") return;
    this.busy = busy;
    this.fault = undefined;
    try {
      await action();
    } catch (error) {
      const lost = error instanceof EngineFault && error.lost;
      this.say((error as Error).message, lost ? () => this.#reopen(again) : undefined);
    } finally {
      this.busy = "";
    }
  }

  /** Opens the device again, and repeats what failed. What is on the page stays. */
  async #reopen(again: () => Promise<void>): Promise<void> {
    try {
      this.device = await this.#engine.call("open", {});
    } catch (error) {
      return this.say((error as Error).message, () => this.#reopen(again));
    }
    await again();
  }
}
