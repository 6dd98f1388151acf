import type { HubContext } from "./context.ts";
import type { HubRouter } from "./router.ts";
import { supportTable } from "./unsupported.ts";
import { HUB_VERSION } from "./version.ts";

export function healthRoutes(router: HubRouter, hub: HubContext): void {
  router.add(
    {
      method: "GET",
      path: "/_emulator/health",
      about: "200 once the hub answers, 503 before and during a reset",
    },
    (c) =>
      c.json({
        status: "ok",
        version: HUB_VERSION,
        instance: hub.instanceId,
        pid: process.pid,
        data_dir: hub.dataDir,
        time: new Date(hub.now()).toISOString(),
      }),
  );
  router.add({ method: "GET", path: "/_emulator/routes", about: "This table" }, (c) =>
    c.json({ routes: supportTable(router.routes) }),
  );
}
