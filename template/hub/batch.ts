/** `POST …/batch`: the only way to change what a bucket shows (hub-wire.md 3.4). */
import { z } from "zod";
import { BatchFailedError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { unexpected } from "./pages.ts";
import { backoffMs, sleeper } from "./retry.ts";

export type BatchLine =
  | { type: "addFile"; path: string; xetHash: string; mtime: number; contentType?: string }
  | {
      type: "copyFile";
      path: string;
      xetHash: string;
      sourceRepoType: string;
      sourceRepoId: string;
      mtime: number;
    }
  | { type: "deleteFile"; path: string };

const BatchAnswer = z.looseObject({
  failed: z.array(z.looseObject({ path: z.string(), error: z.string().default("") })).default([]),
});

const MAX_LINES = 1000;
const TRIES = 3;

/**
 * Sends the lines, up to 1000 a request, and those that failed again: a refused entry of an accepted batch
 * is often a passing condition of the Hub. `settled` may name failures that are none (a delete of what is
 * not there). Throws `BatchFailedError` for what remains, after everything was tried.
 */
export async function sendBatch(
  http: HubHttp,
  bucket: string,
  lines: readonly BatchLine[],
  settled: (paths: string[]) => Promise<Set<string>> = async () => new Set(),
): Promise<void> {
  const url = `/api/buckets/${bucket}/batch`;
  const sleep = sleeper(http.options);
  const failures: { path: string; error: string }[] = [];
  for (let i = 0; i < lines.length; i += MAX_LINES) {
    let left = lines.slice(i, i + MAX_LINES);
    for (let n = 1; left.length > 0; n++) {
      let failed = await post(http, url, left);
      if (failed.length > 0) {
        const fine = await settled(failed.map((failure) => failure.path));
        failed = failed.filter((failure) => !fine.has(failure.path));
      }
      if (failed.length > 0 && n === TRIES) {
        failures.push(...failed);
        break;
      }
      const paths = new Set(failed.map((failure) => failure.path));
      left = left.filter((line) => paths.has(line.path));
      if (left.length > 0) await sleep(backoffMs(n, undefined));
    }
  }
  if (failures.length > 0) throw new BatchFailedError(`POST ${url}`, 422, failures);
}

async function post(http: HubHttp, url: string, lines: readonly BatchLine[]) {
  const answer = await http.send({
    method: "POST",
    url,
    body: { bytes: lines.map((line) => JSON.stringify(line)).join("\n"), type: "application/x-ndjson" },
    // 422: every entry failed. 200 may mean that some did.
    accept: [422],
  });
  const parsed = BatchAnswer.safeParse(answer.json());
  if (!parsed.success) throw unexpected({ method: "POST", url }, "an account of the batch");
  if (answer.status === 422 && parsed.data.failed.length === 0) {
    throw unexpected({ method: "POST", url }, "an account of the entries that failed");
  }
  return parsed.data.failed;
}
