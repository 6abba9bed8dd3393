/** `// include parts/activation.wgsl`, a line of its own: to every other tool a comment. */
const INCLUDE = /^\/\/ include (\S+)$/gm;

/**
 * Reads a shader and puts the parts that it includes in their places. A part lies in the folder `parts` beside the shader's own and may
 * include others; what was included before is not repeated. It is no module of its own: it may use names, such as an alias, that the
 * shader declares.
 *
 * @param readText gives the text of a file
 * @throws Error that names the shader and the part where one cannot be read or includes itself
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
