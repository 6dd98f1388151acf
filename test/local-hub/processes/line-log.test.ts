import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LineLog } from "../../../wizard/local-hub/processes/line-log.ts";

let folder: string;
let log: LineLog;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "line-log-"));
  log = new LineLog(join(folder, "a", "b.log"), () => 0);
});
afterEach(() => {
  log.end();
  rmSync(folder, { recursive: true });
});

const never = new AbortController().signal;
const read = async (options: { tail?: number; follow?: boolean; signal?: AbortSignal } = {}) => {
  const lines: string[] = [];
  for await (const entry of log.entries({ follow: false, signal: never, ...options })) {
    lines.push((JSON.parse(entry) as { data: string }).data);
  }
  return lines;
};

test("a log that never began is empty", async () => {
  expect(await read({ follow: true })).toEqual([]);
  expect(log.lastLines(3)).toEqual([]);
});

test("lines are read as they were written, with the time", async () => {
  log.start();
  log.append('ü {"x"}');
  log.append("");
  for await (const entry of log.entries({ follow: false, signal: never })) {
    expect(JSON.parse(entry)).toEqual({ data: 'ü {"x"}\n', timestamp: "1970-01-01T00:00:00.000Z" });
    break;
  }
  expect(await read()).toEqual(['ü {"x"}\n', "\n"]);
  log.start();
  expect(await read()).toEqual([]);
});

test.each([0, 1, 2, 1_999, 2_000, 5_000])("the last %i of 2,000 long lines", async (tail) => {
  log.start();
  const lines = Array.from({ length: 2_000 }, (_, i) => `${i} ${"x".repeat(i % 500)}\n`);
  for (const line of lines) log.append(line.slice(0, -1));
  expect(await read({ tail })).toEqual(tail === 0 ? [] : lines.slice(-tail));
  log.end();
  expect(log.lastLines(2)).toEqual(lines.slice(-2).map((line) => line.slice(0, -1)));
});

test("a reader that follows gets every line once, until the end", async () => {
  log.start();
  log.append("before");
  const reading = read({ follow: true });
  const late = read({ follow: true, tail: 0 });
  for (let i = 0; i < 100; i++) {
    log.append(String(i));
    if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  log.end();
  log.append("too late");
  const numbers = Array.from({ length: 100 }, (_, i) => `${i}\n`);
  expect(await reading).toEqual(["before\n", ...numbers]);
  expect((await late).at(-1)).toBe("99\n");
});

test("a reader never misses an end that comes between its look at the file and its wait", async () => {
  log.start();
  log.append("one");
  const entries = log.entries({ follow: true, signal: never });
  await entries.next();
  const next = entries.next();
  // The read of nothing ends in another thread while this one is busy, and is noticed only afterwards.
  for (const until = performance.now() + 20; performance.now() < until; );
  log.end();
  expect((await next).done).toBe(true);
});

test("a reader that leaves is let go", async () => {
  log.start();
  const leaving = new AbortController();
  const reading = read({ follow: true, signal: leaving.signal });
  leaving.abort();
  expect(await reading).toEqual([]);
});
