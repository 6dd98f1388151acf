/** Long work in slices of some milliseconds, so that requests in between do not wait for its end. */
import { setImmediate as turn } from "node:timers/promises";

const SLICE_MS = 4;
const FIRST_SLICE = 512;
/** Smaller ones would not keep up with what is written meanwhile. */
const SMALLEST_SLICE = 64;
const LARGEST_SLICE = 65_536;

/**
 * Calls `work(size)`, which does the next `size` of its pieces, until it says that it has come to the end, with
 * a turn of the event loop in between. `size` follows the time that a slice takes.
 */
export async function inSlices(work: (size: number) => "more" | "end"): Promise<void> {
  for (let size = FIRST_SLICE; ; ) {
    // Of this thread: on a busy machine the clock says nothing about the work.
    const before = process.threadCpuUsage();
    if (work(size) === "end") return;
    const { user, system } = process.threadCpuUsage(before);
    const ms = (user + system) / 1000;
    if (ms < SLICE_MS / 2) size = Math.min(size * 2, LARGEST_SLICE);
    else if (ms > SLICE_MS) size = Math.max(Math.floor(size / 2), SMALLEST_SLICE);
    await turn();
  }
}
