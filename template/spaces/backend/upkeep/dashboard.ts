/**
 * What only the Hub can tell about the dashboard: the origin of its Space, from where pages call, and the id of
 * the OAuth app that the Hub made for it, which it writes into the Space's pages.
 */
import type { Backend } from "../backend.ts";
import { errorFields } from "../log.ts";

const AGAIN_AFTER_FAILURE_MS = 60_000;
const AGAIN_WITHOUT_SPACE_MS = 600_000;
const AGAIN_MS = 3_600_000;
const PAGE_TIMEOUT_MS = 10_000;
/** The Hub's script stands in the head of the page. */
const PAGE_HEAD_CHARACTERS = 65_536;

/** Asks now and again, after `againMs` if the dashboard is not known yet. Returns the way to stop. */
export function followDashboard(backend: Backend, againMs = AGAIN_AFTER_FAILURE_MS): () => void {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const ask = async () => {
    let nextMs = againMs;
    try {
      nextMs = (await lookAtDashboard(backend)) ?? againMs;
    } catch (error) {
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

/** One look. Returns after how long the next one is due; `null`: the page does not tell yet. */
async function lookAtDashboard(backend: Backend): Promise<number | null> {
  const space = await backend.hub.space(backend.names.dashboardSpace).info();
  const url = space?.host ? URL.parse(space.host) : null;
  if (!url) return AGAIN_WITHOUT_SPACE_MS;
  backend.dashboardOrigins.add(url.origin);
  const response = await fetch(url, { signal: AbortSignal.timeout(PAGE_TIMEOUT_MS) });
  const clientId = response.ok ? clientIdIn(await response.text()) : null;
  if (clientId === null) return null;
  backend.dashboardClientId = clientId;
  return AGAIN_MS;
}

/** `OAUTH_CLIENT_ID` of `window.huggingface.variables`; `null` where the Space has no sign-in. */
export function clientIdIn(page: string): string | null {
  const head = page.slice(0, PAGE_HEAD_CHARACTERS);
  const script = head.slice(Math.max(0, head.indexOf("window.huggingface")));
  return /["']?\bOAUTH_CLIENT_ID["']?\s*:\s*["']([A-Za-z0-9_-]{8,100})["']/.exec(script)?.[1] ?? null;
}
