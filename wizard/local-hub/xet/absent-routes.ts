/** Parts of the CAS that clients try and do without when they are answered 404 (hub-wire.md 4.5). */
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import type { HubRouter, RouteInfo } from "../router.ts";
import { CAS_BASE, requireGrant } from "./cas-access.ts";
import { MAX_SHARD_BYTES } from "./shard.ts";

const ABSENT: readonly (Omit<RouteInfo, "support"> & { what: string })[] = [
  {
    method: "GET",
    path: "/v1/chunks/:prefix/:hash",
    what: "Global deduplication",
    about: "Xet: global deduplication; always 404, so clients send what they do not remember sending",
  },
  {
    method: "GET",
    path: "/v2/file-chunk-hashes/:hash",
    what: "The list of a file's chunks",
    about: "Xet: always 404, so an edit sends the whole file",
  },
  {
    method: "POST",
    path: "/v1/xorb-grants/:prefix/:hash",
    what: "Direct upload to storage",
    about: "Xet: a place in storage to upload a xorb to; always 404, so clients send it to the hub itself",
  },
  {
    method: "POST",
    path: "/v2/shards",
    what: "Version 2 of shards",
    about: "Xet: always 404, so clients use version 1",
    maxBodyBytes: MAX_SHARD_BYTES,
  },
];

export function absentRoutes(router: HubRouter, hub: HubContext): void {
  for (const { what, ...info } of ABSENT) {
    router.add({ ...info, path: CAS_BASE + info.path, support: "partial" }, (c) => {
      requireGrant(c, hub, "read");
      throw new HubHttpError(404, `${what} is not offered; clients go on without it`);
    });
  }
  router.add(
    {
      method: "POST",
      path: `${CAS_BASE}/v1/telemetry`,
      about: "Xet: accepted and dropped",
      support: "partial",
    },
    (c) => c.json({}),
  );
}
