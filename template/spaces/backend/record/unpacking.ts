/** Unpacking the parts of a snapshot beside the main thread, which has enough to do with filling the board. */
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { PackedPart, PartBatch } from "./part-lines.ts";
import type { Answer, Request } from "./unpack-thread.ts";

/** Beside this module in the source, and beside the bundle in a Space. */
const PROGRAM = new URL(`./unpack-thread${extname(import.meta.filename)}`, import.meta.url);
/** Batches that are made while the main thread is busy with one. */
const AHEAD = 3;
/** What the thread makes is soon garbage: the more of it goes at once, the less that costs. It ends with the start. */
const YOUNG_MEGABYTES = 48;

/** The thread itself failed: this says nothing of what was to be unpacked. */
export class UnpackThreadError extends Error {}

export class UnpackThread implements AsyncDisposable {
  readonly #worker = new Worker(PROGRAM, {
    name: "unpack",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MEGABYTES },
  });
  readonly #waiting: PromiseWithResolvers<Answer>[] = [];
  #failure: UnpackThreadError | null = null;

  constructor() {
    this.#worker.on("message", (answer: Answer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on("error", (cause) => this.#fail(`failed: ${cause}`));
    this.#worker.on("exit", (code) => this.#fail(`ended with ${code}`));
  }

  /** One part at a time, to its end. Throws what is wrong with the part, or `UnpackThreadError`. */
  async *batchesOf(part: PackedPart): AsyncGenerator<PartBatch> {
    this.#send(part);
    const ahead = Array.from({ length: AHEAD }, () => this.#next());
    for (let next = ahead.shift(); next; next = ahead.shift()) {
      const answer = await next;
      if ("error" in answer) throw new Error(answer.error);
      if (answer.done) continue;
      ahead.push(this.#next());
      yield answer.value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #next(): Promise<Answer> {
    const waiting = Promise.withResolvers<Answer>();
    // Whoever left the iteration waits for none of those ahead.
    waiting.promise.catch(() => {});
    if (this.#failure) waiting.reject(this.#failure);
    else this.#waiting.push(waiting);
    this.#send("next");
    return waiting.promise;
  }

  #send(request: Request): void {
    this.#worker.postMessage(request);
  }

  #fail(how: string): void {
    this.#failure ??= new UnpackThreadError(`The thread that unpacks snapshots ${how}`);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
