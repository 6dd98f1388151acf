/** Ctrl-C outside a prompt. In a prompt the terminal is in raw mode, and the key is an answer like any other. */
import { interrupted } from "./errors.ts";

/** Does short work that must not stop halfway. Ctrl-C meanwhile counts afterwards, with `message`. */
export async function uninterrupted<T>(work: () => Promise<T>, message: string): Promise<T> {
  let stopped = false;
  const stop = () => {
    stopped = true;
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    const done = await work();
    if (stopped) throw interrupted(message);
    return done;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** Does something that may be given up: Ctrl-C ends it at once, with `message`. */
export async function interruptible<T>(work: () => Promise<T>, message: string): Promise<T> {
  let stop = () => {};
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = () => reject(interrupted(message));
  });
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await Promise.race([work(), stopped]);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
