/**
 * Copies for the agent: outputs, log and v1's status file in the scratch bucket; of a verification, log and
 * status beside its outputs in the audit bucket. Best effort: the run is over whatever becomes of them, and an
 * agent that has deleted its bucket holds nobody up.
 */

import type { BucketCopy } from "../../../hub/types.ts";
import type { Backend } from "../backend.ts";
import { isRunOver, type Run } from "../documents/run.ts";
import { errorFields } from "../log.ts";
import { type Doing, pause, StoppedError, until } from "./doing.ts";
import { finalStatus, logText, noLogText, runningStatus } from "./job-files.ts";
import { stateFiles } from "./outputs.ts";
import { changeRun } from "./run-file.ts";
import type { Place } from "./submission.ts";

export interface MirrorOptions extends Doing {
  waitsMs: readonly number[];
  logLines: number;
}

export class Mirror {
  readonly #backend: Backend;
  readonly #options: MirrorOptions;
  /** What is being done for a run, one thing after the other. */
  readonly #working = new Map<string, Promise<void>>();

  constructor(backend: Backend, options: MirrorOptions) {
    this.#backend = backend;
    this.#options = options;
  }

  /** Tells the agent's bucket that the Job runs. */
  launched(run: Run): void {
    this.#enqueue(run, () => this.#write(run, [["job_status.json", runningStatus(run)]]));
  }

  /** Copies everything, tried again for a while; then the run's file says so, also where it was given up. */
  ended(run: Run): void {
    if (run.mirrored || !isRunOver(run)) return;
    this.#enqueue(run, async () => {
      await this.#copyPatiently(run);
      const mark = () => changeRun(this.#backend, run, "mirrored", (now) => ({ ...now, mirrored: true }));
      await until("noting the copies", mark, this.#options);
    });
  }

  async settled(): Promise<void> {
    await Promise.all(this.#working.values());
  }

  #enqueue(run: Run, work: () => Promise<void>): void {
    const { log } = this.#options;
    const before = this.#working.get(run.run_id) ?? Promise.resolve();
    const done = before.then(work).catch((error: unknown) => {
      if (error instanceof StoppedError) return;
      log("warn", "copies for an agent failed", { run: run.run_id, error: errorFields(error) });
    });
    this.#working.set(run.run_id, done);
    void done.then(() => {
      if (this.#working.get(run.run_id) === done) this.#working.delete(run.run_id);
    });
  }

  async #copyPatiently(run: Run): Promise<void> {
    const { waitsMs, log } = this.#options;
    for (let attempt = 0; ; attempt += 1) {
      if (this.#options.signal.aborted) throw new StoppedError();
      try {
        return await this.#copy(run);
      } catch (error) {
        const wait = waitsMs[attempt];
        log("info", "copying outputs failed", {
          run: run.run_id,
          again: wait !== undefined,
          error: errorFields(error),
        });
        if (wait === undefined) return;
        await pause(wait, this.#options);
      }
    }
  }

  async #copy(run: Run): Promise<void> {
    const { hub } = this.#backend;
    const { prefix } = targetOf(run);
    const files = run.run_prefix === null ? [] : await stateFiles(hub.bucket(run.state.bucket), run.state);
    const copies = files.map(
      ({ name, xetHash }): BucketCopy => ({
        path: `${prefix}/${name}`,
        xetHash: xetHash ?? "",
        source: { type: "bucket", id: run.state.bucket },
      }),
    );
    await this.#write(run, [["job_logs.txt", await this.#logText(run)]], copies);
    // Last: who waits for it finds everything else.
    await this.#write(run, [["job_status.json", finalStatus(run)]]);
  }

  async #logText(run: Run): Promise<string> {
    const jobId = run.attempts.at(-1)?.job_id ?? null;
    if (jobId === null) return logText([]);
    try {
      return logText(await this.#backend.hub.jobs(run.namespace).logs(jobId, this.#options.logLines));
    } catch (error) {
      return noLogText(error);
    }
  }

  async #write(run: Run, texts: [name: string, text: string][], copies: BucketCopy[] = []): Promise<void> {
    const { bucket: id, prefix } = targetOf(run);
    const bucket = this.#backend.hub.bucket(id);
    const staged = await bucket.stage(
      texts.map(([name, content]) => ({ path: `${prefix}/${name}`, content })),
    );
    await bucket.publish({ staged, copies });
  }
}

function targetOf({ run_prefix: prefix, submission, state }: Run): Place {
  return prefix === null ? state : { bucket: submission.source.bucket, prefix };
}
