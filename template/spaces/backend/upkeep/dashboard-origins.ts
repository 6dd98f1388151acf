/** From where the dashboard calls: the origin of its Space, which only the Hub can tell. */
import type { Backend } from "../backend.ts";
import { errorFields } from "../log.ts";

const AGAIN_AFTER_FAILURE_MS = 60_000;
const AGAIN_MS = 3_600_000;

/** Asks now and again. Returns the way to stop. */
export function followDashboardOrigin(backend: Backend): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async () => {
    let nextMs = AGAIN_MS;
    try {
      const space = await backend.hub.space(backend.names.dashboardSpace).info();
      if (space?.host && URL.canParse(space.host)) backend.dashboardOrigins.add(new URL(space.host).origin);
      else nextMs = AGAIN_AFTER_FAILURE_MS * 10;
    } catch (error) {
      nextMs = AGAIN_AFTER_FAILURE_MS;
      backend.log("info", "the dashboard's origin is not known yet", { error: errorFields(error) });
    }
    if (stopped) return;
    timer = setTimeout(ask, nextMs);
    timer.unref();
  };
  void ask();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
