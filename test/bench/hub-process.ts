/**
 * A local hub in a process of its own, so that client and server do not share a thread and its memory can be
 * seen. Run as a program, this file is that process.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";

export interface HubProcess {
  url: string;
  dataDir: string;
  /** Loading the code, in a new process. */
  importMs: number;
  /** From the call of `startLocalHub` until it answers. */
  startMs: number;
  /** Resident memory in MB: now, and the most since the start (`NaN` where the system does not tell). */
  memory(): { now: number; peak: number };
  [Symbol.asyncDispose](): Promise<void>;
}

interface Started {
  url: string;
  dataDir: string;
  importMs: number;
  startMs: number;
}

export async function startHubProcess(dataDir?: string): Promise<HubProcess> {
  const child = fork(import.meta.filename, dataDir === undefined ? [] : [dataDir]);
  const [started] = (await once(child, "message")) as [Started];
  return {
    ...started,
    memory: () => memoryOf(child.pid as number),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

function memoryOf(pid: number): { now: number; peak: number } {
  if (process.platform !== "linux") return { now: Number.NaN, peak: Number.NaN };
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

if (process.send !== undefined && process.argv[1] === import.meta.filename) {
  const before = performance.now();
  const { startLocalHub } = await import("../../wizard/local-hub/server.ts");
  const loaded = performance.now();
  const [dataDir] = process.argv.slice(2);
  const hub = await startLocalHub(dataDir === undefined ? {} : { dataDir });
  const importMs = loaded - before;
  const startMs = performance.now() - loaded;
  process.send({ url: hub.url, dataDir: hub.dataDir, importMs, startMs } satisfies Started);
  process.once("disconnect", () => void hub.close());
}
