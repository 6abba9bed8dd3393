import { UserError } from "../../engine/errors.ts";
import { REPORT_FORMAT, REPORT_VERSION } from "./format.ts";
import { reportSchema, type BenchReport } from "./schema.ts";

/**
 * A report from the text of a file written by `unfold bench --json` or saved by the web page.
 *
 * @param name the file, for messages
 * @throws UserError, in one sentence, for anything else
 */
export function parseReport(text: string, name: string): BenchReport {
  const refuse = (why: string): never => {
    throw new UserError(`${name} ${why}`);
  };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    return refuse("is not a report of 'unfold bench --json': it is not JSON");
  }
  const { format, version } = (content ?? {}) as { format?: unknown; version?: unknown };
  if (format !== REPORT_FORMAT) return refuse("is not a report of 'unfold bench --json'");
  if (version !== REPORT_VERSION)
    return refuse(
      `is a report of version ${String(version)}, but this is version ${REPORT_VERSION}: measure both with the same version`,
    );
  const { success, data, error } = reportSchema.safeParse(content);
  if (success) return data;
  const [issue] = error.issues;
  return refuse(`is a damaged report: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`);
}
