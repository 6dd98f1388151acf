/** Xet storage: the CAS endpoints under `/xet/<instance id>` (hub-wire.md 4), and the removal of garbage. */
import type { HubContext, HubPart } from "../context.ts";
import { badRequest } from "../errors.ts";
import type { HubRouter } from "../router.ts";
import { absentRoutes } from "./absent-routes.ts";
import { collectGarbage, GRACE_MS } from "./collect.ts";
import { downloadRoutes } from "./download-routes.ts";
import { xetOf } from "./store.ts";
import { uploadRoutes } from "./upload-routes.ts";

const COLLECT_EVERY_MS = 24 * 3600 * 1000;

export function xetRoutes(router: HubRouter, hub: HubContext): HubPart {
  const store = xetOf(hub);
  store.xorbs.removeLeftovers();
  uploadRoutes(router, hub);
  downloadRoutes(router, hub);
  absentRoutes(router, hub);

  router.add(
    {
      method: "POST",
      path: "/_emulator/xet/collect",
      about: "Removes content that no bucket refers to and no upload used for `unused_seconds` (28 days)",
    },
    (c) => {
      const seconds = Number(c.req.query("unused_seconds") ?? GRACE_MS / 1000);
      if (!(seconds >= 0)) throw badRequest("`unused_seconds` must be a number of seconds");
      return c.json(collectGarbage(hub, store, seconds * 1000));
    },
  );
  const timer = setInterval(() => {
    try {
      collectGarbage(hub, store);
    } catch (error) {
      hub.log(`error: could not remove unused Xet content: ${error}`);
    }
  }, COLLECT_EVERY_MS).unref();
  return {
    async close() {
      clearInterval(timer);
    },
  };
}
