import type { LibraryHandle } from "koffi";

/**
 * C functions that Node does not expose. They are needed because Vulkan reads the process's real environment (in a worker thread,
 * `process.env` is a copy), and because Dawn writes its warnings straight to file descriptor 2, bypassing `process.stderr`.
 */
export interface Libc {
  getenv(name: string): string | null;
  setenv(name: string, value: string, overwrite: number): number;
  unsetenv(name: string): number;
  dup(fd: number): number;
  dup2(from: number, to: number): number;
  close(fd: number): number;
  /** Loads a shared library so that Dawn's later `dlopen` of the same name finds it. Throws if it is missing. */
  loadGlobally(path: string): void;
}

/** This process's C library; undefined if it cannot be called: on Windows, or without koffi's binary. */
export async function openLibc(): Promise<Libc | undefined> {
  if (process.platform === "win32") return undefined;
  try {
    const { default: koffi } = await import("koffi");
    const self: LibraryHandle = koffi.load(null);
    return {
      getenv: self.func("const char *getenv(const char *name)"),
      setenv: self.func("int setenv(const char *name, const char *value, int overwrite)"),
      unsetenv: self.func("int unsetenv(const char *name)"),
      dup: self.func("int dup(int fd)"),
      dup2: self.func("int dup2(int from, int to)"),
      close: self.func("int close(int fd)"),
      loadGlobally: (path) => void koffi.load(path, { global: true }),
    };
  } catch {
    return undefined;
  }
}

/** Runs `body` with these variables in the native environment (null: unset), then restores the old values. */
export function withEnvironment<T>(libc: Libc, variables: Record<string, string | null>, body: () => T): T {
  const before = Object.keys(variables).map((name) => [name, libc.getenv(name)] as const);
  const assign = (name: string, value: string | null): void =>
    void (value === null ? libc.unsetenv(name) : libc.setenv(name, value, 1));
  for (const [name, value] of Object.entries(variables)) assign(name, value);
  try {
    return body();
  } finally {
    for (const [name, value] of before) assign(name, value);
  }
}
