/** Reads of the backend as history grows: no page may get slower with the number of messages. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bench, Row } from "./bench.ts";
import { READS, type SizeReport } from "./reads/reads.ts";

const SIZES = [1_300, 10_000, 100_000, 1_000_000];
const SHORT_SIZES = [1_300, 10_000];

export const bench: Bench = {
  name: "backend-reads",
  async run({ short }) {
    const reports: SizeReport[] = [];
    for (const size of short ? SHORT_SIZES : SIZES) reports.push(await inOwnProcess(size));
    const first = reports[0] as SizeReport;
    const rows: Row[] = READS.flatMap(({ name }) =>
      reports.map((report): Row => {
        const { p50Ms, p95Ms } = report.timings[name] ?? { p50Ms: Number.NaN, p95Ms: Number.NaN };
        const growth = p50Ms / (first.timings[name]?.p50Ms ?? Number.NaN);
        return {
          measure: `${name}, ${count(report)}`,
          value: p50Ms,
          unit: "ms",
          note: `p50; p95 ${p95Ms.toFixed(1)}; ${growth.toFixed(1)} x that of ${count(first)}`,
        };
      }),
    );
    for (const report of reports) {
      rows.push(
        {
          measure: `a small request while common words are searched for, ${count(report)}`,
          value: report.meanwhile.p50Ms,
          unit: "ms",
          note: `p50; p95 ${report.meanwhile.p95Ms.toFixed(1)}; longest ${report.meanwhile.maxMs.toFixed(1)}`,
        },
        {
          measure: `memory, ${count(report)}`,
          value: report.rssMb,
          unit: "MB",
          note: "resident, with the local hub in the same process",
        },
        {
          measure: `filling the board, ${count(report)}`,
          value: report.messages / report.fillSeconds,
          unit: "messages/s",
        },
        {
          measure: `indexing texts, ${count(report)}`,
          value: report.messages / report.indexSeconds,
          unit: "messages/s",
          note: "in the background",
        },
      );
    }
    return rows;
  },
};

const count = ({ messages }: SizeReport) => messages.toLocaleString("en");

/** A process of its own per size, so that memory is that of this size. */
async function inOwnProcess(messages: number): Promise<SizeReport> {
  const script = join(import.meta.dirname, "reads/reads.ts");
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, String(messages)], {
    maxBuffer: 16 * 2 ** 20,
  });
  return JSON.parse(stdout) as SizeReport;
}
