/** Invalid user input: a file, a config, an option. The command line prints only the message and exits with 2. */
export class UserError extends Error {
  override name = "UserError";

  constructor(message: string, options?: ErrorOptions) {
    super(withoutControls(message), options);
  }
}

/** The run itself failed: no adapter, lost device, out of memory, disk full. The command line prints only the message and exits with 1. */
export class RunError extends Error {
  override name = "RunError";

  constructor(message: string, options?: ErrorOptions) {
    super(withoutControls(message), options);
  }
}

/** The end of messages of a machine that gives no device. */
export const SEE_DOCTOR = "; 'unfold doctor' examines this machine";

/** What a message quotes of a file must not move a terminal's cursor or start an escape sequence: `\u000d` in place of a carriage return. */
const withoutControls = (message: string): string =>
  // eslint-disable-next-line no-control-regex
  message.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f]/gu, (code) => `\\u${code.charCodeAt(0).toString(16).padStart(4, "0")}`);
