/** `// include parts/activation.wgsl` on its own line; a comment to every other tool. */
const INCLUDE = /^\/\/ include (\S+)$/gm;

/**
 * Reads a shader and expands its includes. A part lives in the folder `parts` beside the shader's folder and may include others; each
 * is included only once. A part is plain text, not a module: it may use names that the shader declares, such as an alias.
 *
 * @param readText reads a file's text
 * @throws Error naming the shader and the part, if a part cannot be read or includes itself
 */
export function expandIncludes(file: URL, readText: (file: URL) => string): string {
  const parts = new URL("../", file);
  const done = new Set<string>();
  const expand = (code: string, path: readonly string[]): string =>
    code.replaceAll(INCLUDE, (_, name: string) => {
      if (path.includes(name)) throw new Error(`${file.pathname}: ${[...path, name].join(" includes ")}`);
      if (done.has(name)) return "";
      done.add(name);
      return expand(readPart(new URL(name, parts), name), [...path, name]).trimEnd();
    });
  const readPart = (part: URL, name: string): string => {
    try {
      return readText(part);
    } catch (error) {
      throw new Error(`${file.pathname} includes ${name}, which cannot be read: ${(error as Error).message}`, {
        cause: error,
      });
    }
  };
  return expand(readText(file), []);
}
