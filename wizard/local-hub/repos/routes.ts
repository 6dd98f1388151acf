/** Repositories of the local hub: models, datasets and the code of Spaces (hub-wire.md 5.1 to 5.4). */
import type { HubContext } from "../context.ts";
import type { HubRouter } from "../router.ts";
import { commitRoutes } from "./commit-routes.ts";
import { createRoutes } from "./create-routes.ts";
import { infoRoutes } from "./info-routes.ts";
import { readRoutes } from "./read-routes.ts";
import { resolveRoutes } from "./resolve-routes.ts";
import { createRepoTables } from "./tables.ts";

export function repoRoutes(router: HubRouter, hub: HubContext): void {
  createRepoTables(hub.db);
  createRoutes(router, hub);
  commitRoutes(router, hub);
  readRoutes(router, hub);
  infoRoutes(router, hub);
  resolveRoutes(router, hub);
}
