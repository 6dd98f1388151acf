/**
 * The backend's own process, for tests that kill it often: the same code as `main.ts`, with waits of
 * milliseconds where the Hub's troubles are waited out, so that a short life sees many commits.
 */
import { createHub } from "../../../template/hub/client.ts";
import { loadConfig } from "../../../template/spaces/backend/config.ts";
import { createLog } from "../../../template/spaces/backend/log.ts";
import { startBackend } from "../../../template/spaces/backend/start.ts";

/** Waits between the Hub client's attempts, shortened by this factor. */
const HASTE = 25;

const config = loadConfig(process.env, import.meta.dirname);
const hub = createHub({
  endpoint: config.hubEndpoint,
  token: config.hubToken,
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms / HASTE)),
});
const running = await startBackend({
  config,
  hub,
  log: createLog(),
  recordLimits: { firstWaitMs: 10, longestWaitMs: 200, leasePollMs: 20 },
});
process.on("SIGTERM", () => {
  void running.close().then(() => process.exit(0));
});
await running.ready;
