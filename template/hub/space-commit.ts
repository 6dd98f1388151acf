/**
 * One commit to a Space's repository, by the official library: it knows which files must go through Xet
 * storage (binaries, by the Hub's answer), and repository commits are atomic.
 */
import { HubError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { askedWaitSeconds, backoffMs, sleeper } from "./retry.ts";
import type { HubSpace } from "./types.ts";

type Change = Parameters<HubSpace["commit"]>[0];

const DEFAULT_TIMEOUT_MS = 30_000;

export async function commitToSpace(http: HubHttp, id: string, change: Change): Promise<{ oid: string }> {
  const { commit, HubApiError } = await import("@huggingface/hub");
  const call = `POST /api/spaces/${id}/commit/main`;
  try {
    const result = await commit({
      repo: { type: "space", name: id },
      hubUrl: http.endpoint,
      accessToken: http.token(),
      fetch: patientFetch(http),
      title: change.message,
      parentCommit: change.parent,
      operations: [
        ...change.put.map(({ path, content }) => ({
          operation: "addOrUpdate" as const,
          path,
          content: new Blob([content as string | Uint8Array<ArrayBuffer>]),
        })),
        ...(change.delete ?? []).map((path) => ({ operation: "delete" as const, path })),
      ],
    });
    if (!result?.commit.oid) throw new HubError(`${call}: no commit came back`, { status: 502, call });
    return { oid: result.commit.oid };
  } catch (error) {
    if (error instanceof HubError) throw error;
    // The library's messages hold full URLs, which may be signed.
    if (error instanceof HubApiError) {
      const said = typeof error.data?.message === "string" ? error.data.message : "";
      throw new HubError(`${call}: ${error.statusCode} ${said}`.trim(), {
        status: error.statusCode,
        call,
        requestId: error.requestId,
        cause: error,
      });
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new HubError(`${call}: ${reason}`, { status: 0, call, cause: error });
  }
}

/** The library neither limits the time of a request nor repeats one. 429 was certainly not carried out. */
function patientFetch(http: HubHttp): typeof fetch {
  const { attempts = 5, timeoutMs = DEFAULT_TIMEOUT_MS, now = Date.now } = http.options;
  const sleep = sleeper(http.options);
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const method = init?.method ?? "GET";
    for (let n = 1; ; n++) {
      const started = performance.now();
      let status = 0;
      try {
        const response = await (http.options.fetch ?? fetch)(input, {
          ...init,
          signal: AbortSignal.timeout(timeoutMs),
        });
        status = response.status;
        if (status !== 429 || n >= attempts) return response;
        await response.body?.cancel();
        await sleep(backoffMs(n, askedWaitSeconds(response.headers, now())));
      } finally {
        const ms = performance.now() - started;
        http.options.onCall?.({ method, path: url.pathname, status, ms, kind: "hub" });
      }
    }
  };
}
