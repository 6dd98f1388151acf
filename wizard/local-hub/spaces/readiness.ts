/** Is a program answering HTTP yet? */
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 250;

/** Resolves `true` at the first HTTP answer of any status, `false` when `signal` fires before. */
export async function answersHttp(port: number, signal: AbortSignal): Promise<boolean> {
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    if (await asked(port, signal)) return true;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
  return false;
}

function asked(port: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(
      { host: "127.0.0.1", port, path: "/", method: "GET", agent: false, signal, timeout: 10_000 },
      (response) => {
        response.destroy();
        resolve(true);
      },
    );
    probe.on("timeout", () => probe.destroy());
    probe.on("error", () => resolve(false));
    probe.end();
  });
}
