import type { DeviceMeasurements } from "../../../bench/kernels.ts";
import { reportOf } from "../../../bench/report/report_of.ts";
import { labelOf } from "../../../bench/report/format.ts";
import type { BenchReport, KernelReport, KernelResult } from "../../../bench/report/schema.ts";
import type { BenchAnswer, BenchNews, BenchRequest, CaseSelection, TimeOrder } from "../../bench_protocol.ts";
import { BenchClient } from "./client.ts";
import { shippedResults } from "./shipped.ts";

/** A report of another adapter, or of an earlier day. */
export interface Loaded {
  readonly key: number;
  readonly name: string;
  readonly report: BenchReport & { readonly kernels: KernelReport };
}

export interface Progress {
  readonly done: number;
  /** 0: not known yet. */
  readonly total: number;
  readonly text: string;
}

/** What the benchmark shows, and what a person can do with it. */
export class BenchState {
  operations = $state.raw<readonly string[]>([]);
  results = $state.raw<readonly KernelResult[]>([]);
  measured = $state.raw<DeviceMeasurements>();
  loaded = $state.raw<readonly Loaded[]>([]);
  busy = $state<"" | "timing" | "tuning" | "loading">("");
  progress = $state.raw<Progress>();
  /** What went wrong, or what came of it, in a sentence. */
  fault = $state("");
  said = $state("");
  /** The row whose sources are shown. */
  selected = $state<string>();
  readonly #client = new BenchClient();
  #command = "";
  #count = 0;

  /** This device's results as a part of a report; undefined before the first. */
  readonly kernels = $derived<KernelReport | undefined>(
    this.measured && this.results.length > 0
      ? { clock: this.measured.clock, roof: this.measured.roof, results: [...this.results] }
      : undefined,
  );

  start = (): Promise<void> =>
    this.#attempt("loading", { call: "operations" }, (answer) => {
      if (answer.answer === "operations") this.operations = answer.names;
    });

  /** Checks and times; results so far stay when it is cancelled or fails. */
  time = (order: TimeOrder): Promise<void> => {
    this.#command = describe("Check and time", order);
    this.results = [];
    return this.#attempt(
      "timing",
      { call: "time", order: $state.snapshot(order) as TimeOrder, measured: this.measured },
      () => {
        const right = this.results.filter(({ status }) => status === "timed").length;
        this.said = `${right} of ${this.results.length} ${this.results.length === 1 ? "case" : "cases"} ${right === 1 ? "agrees with float64 and was" : "agree with float64 and were"} timed`;
      },
    );
  };

  /** Measures variants; `onDone` is called once the table is kept. */
  tune = async (order: CaseSelection, onDone: () => void): Promise<void> => {
    const command = describe("Tune this GPU", order);
    const request = { call: "tune", order: $state.snapshot(order) as CaseSelection, command } as const;
    await this.#attempt("tuning", request, (answer) => {
      if (answer.answer !== "tuned") return;
      this.said = `${answer.choices} choices measured and kept`;
      if (answer.problems.length > 0) this.fault = answer.problems.join("; ");
    });
    onDone();
  };

  forget = (onDone: () => void): Promise<void> => this.#attempt("loading", { call: "forget" }, onDone);

  cancel = (): void => {
    this.#client.cancel();
    this.said = "cancelled";
  };

  /** Lays a file of `unfold bench --json`, or one saved here, over the results. */
  load = async (name: string, text: () => Promise<string>): Promise<void> => {
    let content: string;
    try {
      content = await text();
    } catch (error) {
      return void (this.fault = (error as Error).message);
    }
    await this.#attempt("loading", { call: "parse", text: content, name }, (answer) => {
      if (answer.answer !== "parsed") return;
      const { kernels } = answer.report;
      if (!kernels) throw new Error(`${name} has no times of kernels`);
      this.loaded = [...this.loaded, { key: this.#count++, name, report: { ...answer.report, kernels } }];
    });
  };

  remove = (key: number): void => void (this.loaded = this.loaded.filter((each) => each.key !== key));

  /** Without a GPU there is still something to see. */
  showShipped = async (): Promise<void> => {
    for (const { name, text } of shippedResults) await this.load(name, text);
  };

  /** The results as `unfold bench --compare` reads them. */
  report(): BenchReport | undefined {
    const { kernels, measured } = this;
    return kernels && measured && reportOf({ adapter: measured.adapter, command: this.#command, kernels, step: null });
  }

  #hear = (news: BenchNews): void => {
    if (news.news === "measured") this.measured = news.measured;
    else if (news.news === "progress") this.progress = news;
    else this.results = [...this.results.filter((each) => labelOf(each) !== labelOf(news.result)), news.result];
  };

  async #attempt(
    busy: "timing" | "tuning" | "loading",
    request: BenchRequest,
    use: (answer: BenchAnswer) => void,
  ): Promise<void> {
    if (this.busy !== "") return;
    [this.busy, this.fault, this.said, this.progress] = [busy, "", "", undefined];
    try {
      const answer = await this.#client.ask(request, this.#hear);
      if (answer) use(answer);
    } catch (error) {
      this.fault = (error as Error).message;
    } finally {
      this.busy = "";
    }
  }
}

/** What was asked for, in a report. */
const describe = (button: string, { operations, filter, ...switches }: CaseSelection): string =>
  [
    `the web page's "${button}": ${operations.length > 0 ? operations.join(", ") : "all operations"}`,
    ...(filter === "" ? [] : [`cases with '${filter}'`]),
    ...Object.entries(switches).flatMap(([name, on]) => (on ? [name] : [])),
  ].join(", ");
