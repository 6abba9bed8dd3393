import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * The folder for reproducible data: unpacked drivers, synthetic corpora. Set by `UNFOLD_CACHE`; by default `unfold` in the user's
 * cache folder: `%LOCALAPPDATA%` on Windows, `~/Library/Caches` on macOS, `$XDG_CACHE_HOME` or `~/.cache` elsewhere. It may not
 * exist yet. A relative `XDG_CACHE_HOME` is ignored, as its specification requires.
 */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  return env["UNFOLD_CACHE"] || join(userCacheFolder(env, platform), "unfold");
}

function userCacheFolder(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): string {
  if (platform === "win32") return env["LOCALAPPDATA"] || join(homedir(), "AppData", "Local");
  if (platform === "darwin") return join(homedir(), "Library", "Caches");
  const xdg = env["XDG_CACHE_HOME"] ?? "";
  return isAbsolute(xdg) ? xdg : join(homedir(), ".cache");
}
