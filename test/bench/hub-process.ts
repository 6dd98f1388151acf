/**
 * A local hub in a process of its own, so that client and server do not share a thread and its memory can be
 * seen. Run as a program, this file is that process.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

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

/** Of the kernel's clock in /proc. */
const MS_PER_TICK = 10;

interface Started {
  url: string;
  dataDir: string;
  importMs: number;
  startMs: number;
}

export interface HubProcessOptions {
  /** Default: a temporary one. */
  dataDir?: string;
  /** The program to run; default: the TypeScript source. */
  program?: string;
}

export async function startHubProcess(options: HubProcessOptions = {}): Promise<HubProcess> {
  const { dataDir, program = import.meta.filename } = options;
  const child = fork(program, dataDir === undefined ? [] : [dataDir]);
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

/** Bundles the hub as it is shipped, without types to strip. @returns the program, for `startHubProcess` */
export async function bundleHub(): Promise<string> {
  const { build } = await import("esbuild");
  const outfile = resolve(import.meta.dirname, "../../node_modules/.cache/agent-collab-bench/hub.mjs");
  await build({
    entryPoints: [import.meta.filename],
    outfile,
    bundle: true,
    minifySyntax: true,
    platform: "node",
    format: "esm",
    external: ["esbuild", "lz4-napi"],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  });
  return outfile;
}

/** Resident memory of a process in MB: now, and the most since its start. */
export function memoryOf(pid: number): { now: number; peak: number } {
  if (process.platform !== "linux") return { now: Number.NaN, peak: Number.NaN };
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) * 1024) / 1e6;
  return { now: field("VmRSS"), peak: field("VmHWM") };
}

/** Milliseconds of processor time that a process has used since its start; `NaN` where the system does not tell. */
export function cpuOf(pid: number): number {
  if (process.platform !== "linux") return Number.NaN;
  const [, rest = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = rest.split(" ").slice(11, 13).map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) * MS_PER_TICK;
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
