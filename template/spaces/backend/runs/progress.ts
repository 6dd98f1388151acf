/** How far a run is, asked of its state folder only when somebody wants to know, and not at every request. */
import { z } from "zod";
import type { Hub } from "../../../hub/types.ts";
import type { Run } from "../documents/run.ts";
import { isoStamp } from "../documents/stamp.ts";
import { errorFields, type Log } from "../log.ts";
import type { LiveState } from "./api.ts";

const MAX_BYTES = 64 * 1024;
const MAX_LINE = 300;
const Progress = z.looseObject({
  stage: z.string().nullish().catch(null),
  percent: z.number().min(0).max(100).nullish().catch(null),
  last_line: z.string().nullish().catch(null),
});

interface Kept {
  at: number;
  progress: z.infer<typeof Progress> | null;
}

export class ProgressReader {
  readonly #hub: Hub;
  readonly #now: () => number;
  readonly #log: Log;
  readonly #keptMs: number;
  readonly #kept = new Map<string, Kept>();
  readonly #reading = new Map<string, Promise<Kept>>();

  constructor(options: { hub: Hub; now: () => number; log: Log; keptMs: number }) {
    this.#hub = options.hub;
    this.#now = options.now;
    this.#log = options.log;
    this.#keptMs = options.keptMs;
  }

  /** `hubStage` is the Job's as the watcher saw it last. */
  async live(run: Run, hubStage: { stage: string; at: number } | null): Promise<LiveState> {
    const isRunning = run.status === "launched" && hubStage?.stage !== "SCHEDULING";
    const { at, progress } = isRunning ? await this.#progress(run) : { at: this.#now(), progress: null };
    return {
      stage: short(progress?.stage) ?? hubStage?.stage ?? null,
      percent: progress?.percent ?? null,
      // What a server prints while private data is used is nobody's to read.
      last_line: run.kind === "verification" ? null : short(progress?.last_line),
      at: isoStamp(progress === null ? (hubStage?.at ?? at) : at),
    };
  }

  forget(runId: string): void {
    this.#kept.delete(runId);
  }

  #progress(run: Run): Promise<Kept> {
    const { run_id: id } = run;
    const kept = this.#kept.get(id);
    if (kept !== undefined && this.#now() - kept.at < this.#keptMs) return Promise.resolve(kept);
    let reading = this.#reading.get(id);
    if (reading === undefined) {
      reading = this.#read(run).finally(() => this.#reading.delete(id));
      this.#reading.set(id, reading);
    }
    return reading;
  }

  async #read({ run_id: id, state }: Run): Promise<Kept> {
    let progress: Kept["progress"] = null;
    try {
      const path = `${state.prefix}/progress.json`;
      const text = await this.#hub.bucket(state.bucket).readText(path, { maxBytes: MAX_BYTES });
      progress = text === null ? null : (Progress.safeParse(JSON.parse(text)).data ?? null);
    } catch (error) {
      this.#log("info", "progress could not be read", { run: id, error: errorFields(error) });
    }
    const kept = { at: this.#now(), progress };
    this.#kept.set(id, kept);
    return kept;
  }
}

function short(text: string | null | undefined): string | null {
  return text?.replace(/\p{Cc}+/gu, " ").slice(0, MAX_LINE) ?? null;
}
