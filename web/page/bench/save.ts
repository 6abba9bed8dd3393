import type { BenchReport } from "../../../bench/report/schema.ts";

/** "bench-google-swiftshader.json", offered as a download. */
export function saveReport(report: BenchReport | undefined): void {
  if (!report) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${JSON.stringify(report, null, 2)}\n`], { type: "application/json" }));
  link.download = `bench-${report.adapter.toLowerCase().replace(/[^a-z0-9]+/gu, "-")}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the download may begin later
}
