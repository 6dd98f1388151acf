/** Looking inside a hub with a browser, or as JSON. Reads only, shows private things too, runs no script. */
import { drawAvatar } from "../accounts/avatar.ts";
import type { AccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { requestOrigin } from "../origin.ts";
import { sendPage } from "../page.ts";
import type { HubRouter } from "../router.ts";
import { bucketPages } from "./bucket-pages.ts";
import { homePage } from "./home-page.ts";
import { jobPages } from "./job-pages.ts";
import { spacePages } from "./space-pages.ts";
import { describeState } from "./state.ts";

/** Install after all parts: it reads their tables. */
export function inspectRoutes(router: HubRouter, hub: HubContext, store: AccountStore): void {
  router.add(
    { method: "GET", path: "/", about: "Page: accounts, buckets, Spaces and Jobs of this hub" },
    (c) =>
      sendPage(c, { title: "What is in it", body: homePage(describeState(hub, store), requestOrigin(c)) }),
  );
  router.add({ method: "GET", path: "/_emulator/state", about: "The same as JSON" }, (c) =>
    c.json(describeState(hub, store)),
  );
  router.add({ method: "GET", path: "/favicon.ico", about: "Picture of the hub for browser tabs" }, (c) =>
    c.body(drawAvatar("hub"), 200, { "Content-Type": "image/svg+xml", "Cache-Control": "max-age=86400" }),
  );
  bucketPages(router, hub);
  spacePages(router, hub);
  jobPages(router, hub);
}
