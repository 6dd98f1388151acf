/**
 * A thread of its own that unpacks and reads the parts of a snapshot, while the main thread fills board and memory.
 * It gets a part, and is asked for one batch of it after the other. A program of its own in the Space too.
 */
import { parentPort } from "node:worker_threads";
import { batchesOf, type PackedPart, type PartBatch } from "./part-lines.ts";

export type Request = PackedPart | "next";
export type Answer = IteratorResult<PartBatch, void> | { error: string };

const port = parentPort;
if (port === null) throw new Error("this is the program of a thread");

let batches: AsyncGenerator<PartBatch, void> | undefined;
port.on("message", (request: Request) => {
  if (request !== "next") {
    batches = batchesOf(request);
    return;
  }
  // A generator answers in the order in which it is asked.
  batches?.next().then(
    (result) => port.postMessage(result satisfies Answer),
    (error: Error) => port.postMessage({ error: error.message } satisfies Answer),
  );
});
