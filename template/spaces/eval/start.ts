/** Starts the eval Space: answers at once, then polls. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHub } from "../../hub/client.ts";
import { resourceNames } from "../../schema/collab.ts";
import type { Log } from "../backend/log.ts";
import { BackendApi } from "./api.ts";
import { centralBucketOf, type EvalConfig } from "./config.ts";
import { Poller } from "./poller.ts";
import { runEvaluator } from "./run-evaluator.ts";
import { findSandbox, type Sandbox } from "./sandbox.ts";
import { fetchSubmission } from "./submission.ts";

export interface RunningEval {
  url: string;
  poller: Poller | null;
  close(): Promise<void>;
}

export async function startEval(config: EvalConfig, log: Log): Promise<RunningEval> {
  const sandbox = await findSandbox();
  const { network, processes } = sandbox;
  log("info", "what this machine enforces", { network, processes });
  const poller = config.hubToken === null ? null : createPoller(config, config.hubToken, sandbox, log);
  if (poller === null) log("error", "HF_TOKEN is not set: nothing is judged");
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "/", "http://space").pathname;
    const isKnown = request.method === "GET" && (path === "/" || path === "/healthz");
    const body = isKnown ? statusOf(config, sandbox, poller) : { error: "not found" };
    response.writeHead(isKnown ? 200 : 404, {
      "content-type": "application/json",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
    });
    response.end(`${JSON.stringify(body, null, 2)}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(config.port, config.host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  log("info", "listening", { port, collab: config.collab.collab.slug, version: config.version });
  poller?.start();
  return {
    url: `http://127.0.0.1:${port}`,
    poller,
    async close() {
      await poller?.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function createPoller(config: EvalConfig, token: string, sandbox: Sandbox, log: Log): Poller {
  const hub = createHub({ endpoint: config.hubEndpoint, token });
  const { backendSpace } = resourceNames(config.collab);
  const url = async () => {
    if (config.backendUrl !== null) return config.backendUrl;
    const host = (await hub.space(backendSpace).info())?.host;
    if (!host) throw new Error(`the Hub knows no address of ${backendSpace}`);
    return host.replace(/\/+$/, "");
  };
  const { evaluatorFolder: folder, command, timeoutMs, memoryMb, pollMs } = config;
  return new Poller({
    api: new BackendApi({ url, token }),
    fetchSubmission: (submission) => fetchSubmission(hub, submission, centralBucketOf(config)),
    evaluate: (input) => runEvaluator({ folder, command, timeoutMs, memoryMb, sandbox }, input),
    pollMs,
    log,
  });
}

/** As api-v1.md 8.3 has it, with the version, and with what is enforced while an evaluator runs. */
function statusOf(config: EvalConfig, { network, processes }: Sandbox, poller: Poller | null) {
  const { version, timeoutMs, memoryMb, collab } = config;
  return {
    status: "ok",
    version,
    collab: collab.collab.slug,
    configured: poller !== null,
    ...(poller?.state ?? {}),
    limits: { seconds: timeoutMs / 1000, memory_mb: memoryMb },
    enforced: { network, processes },
  };
}
