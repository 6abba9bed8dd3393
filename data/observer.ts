/** The progress display of a task with a known number of steps. */
export interface TaskDisplay {
  readonly update: (done: number, total: number) => void;
  readonly stop: () => void;
}

/** Receives the progress of long tasks: a terminal, or nothing in tests. */
export interface Observer {
  /** Starts a task that the user waits for, such as reading data or testing. */
  task(label: string, total: number): TaskDisplay;
  message(text: string): void;
}
