/** A piece of work with a known number of parts, as shown to the user. */
export interface TaskDisplay {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** Where news of long work goes: a terminal, or nowhere in tests. */
export interface Observer {
  /** Reading data, testing: whatever a user waits for. */
  task(label: string, total: number): TaskDisplay;
  message(text: string): void;
}
