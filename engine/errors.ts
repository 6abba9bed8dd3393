/** Invalid user input: a file, a config, an option. The command line prints only the message and exits with 2. */
export class UserError extends Error {
  override name = "UserError";
}

/** The run itself failed: no adapter, lost device, out of memory, disk full. The command line prints only the message and exits with 1. */
export class RunError extends Error {
  override name = "RunError";
}
