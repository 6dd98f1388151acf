/** The parts of the local hub, in the order in which they are installed (and, reversed, closed). */
import { bucketRoutes } from "./buckets/routes.ts";
import type { HubContext, HubPart } from "./context.ts";
import { jobRoutes } from "./jobs/routes.ts";
import { repoRoutes } from "./repos/routes.ts";
import type { HubRouter } from "./router.ts";
import { spaceRoutes } from "./spaces/routes.ts";
import { xetRoutes } from "./xet/routes.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: a part without processes or timers returns nothing
export type PartInstaller = (router: HubRouter, hub: HubContext) => HubPart | void;

export const PARTS: readonly PartInstaller[] = [xetRoutes, bucketRoutes, repoRoutes, spaceRoutes, jobRoutes];
