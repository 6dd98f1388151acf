/** A write between its submission and its answer. */
import { deadlinePassed } from "./commit-errors.ts";
import type { WriteIntent } from "./types.ts";

export interface Waiting {
  intent: WriteIntent<unknown>;
  resolve(response: unknown): void;
  reject(error: unknown): void;
}

/**
 * An answer that does not come within `answerWithinMs` is an error to the caller, not to the write: only if
 * it is still in `queue` it is taken out.
 */
export function waitInLine<T>(queue: Waiting[], intent: WriteIntent<T>, answerWithinMs: number): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      const at = queue.indexOf(waiting);
      if (at >= 0) queue.splice(at, 1);
      reject(deadlinePassed(at >= 0));
    }, answerWithinMs);
    const waiting: Waiting = {
      intent,
      resolve: (response) => {
        clearTimeout(timer);
        // What `prepare` of this very intent has returned.
        resolve(response as T);
      },
      reject: (error) => {
        clearTimeout(timer);
        reject(error);
      },
    };
    queue.push(waiting);
  });
}
