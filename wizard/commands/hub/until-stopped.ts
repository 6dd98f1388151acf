/** Two signals this close together are one Ctrl-C: npm passes it on while the terminal sends it too. */
const SAME_SIGNAL_MS = 500;

/**
 * Resolves at the first SIGINT or SIGTERM. A second one, unless it is the echo of the first, ends the
 * process at once, whatever is still being cleaned up.
 */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const stop = (signal: NodeJS.Signals) => {
      if (firstAt === null) {
        firstAt = performance.now();
        resolve(signal);
      } else if (performance.now() - firstAt > SAME_SIGNAL_MS) {
        process.off("SIGINT", stop).off("SIGTERM", stop);
        process.kill(process.pid, signal);
      }
    };
    process.on("SIGINT", stop).on("SIGTERM", stop);
  });
}
