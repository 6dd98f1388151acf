/** Uploads: first xorbs, then a shard that makes files of them. */
import type { HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import { badRequest } from "../errors.ts";
import type { HubRouter } from "../router.ts";
import { CAS_BASE, requireGrant, requireHash } from "./cas-access.ts";
import type { StoredFile } from "./file-store.ts";
import { EMPTY_FILE_HASH } from "./hashes.ts";
import { MAX_SHARD_BYTES, parseShard } from "./shard.ts";
import { type XetStore, xetOf } from "./store.ts";
import type { XetGrant } from "./tokens.ts";
import { verifyShard } from "./verify-shard.ts";
import { MAX_FOOTER_BYTES, MAX_XORB_BYTES } from "./xorb-parser.ts";

export function uploadRoutes(router: HubRouter, hub: HubContext): void {
  const store = xetOf(hub);

  router.add(
    {
      method: "POST",
      path: `${CAS_BASE}/v1/xorbs/:prefix/:hash`,
      about: "Xet: store a xorb; every chunk is verified",
      maxBodyBytes: MAX_XORB_BYTES + MAX_FOOTER_BYTES,
    },
    async (c) => {
      requireGrant(c, hub, "write");
      const hash = requireHash(c);
      if (c.req.raw.body === null) throw badRequest("Xorb is empty");
      return c.json({ was_inserted: await store.xorbs.add(hash, c.req.raw.body) });
    },
  );

  router.add(
    {
      method: "POST",
      path: `${CAS_BASE}/v1/shards`,
      about: "Xet: register files; every hash is verified",
      maxBodyBytes: MAX_SHARD_BYTES,
    },
    async (c) => {
      const grant = requireGrant(c, hub, "write");
      const body = Buffer.from(await c.req.arrayBuffer());
      const files = verifyShard(parseShard(body), (xorb) => store.xorbs.index(xorb));
      const isNew = transaction(hub.db, () => register(store, files, grant));
      return c.json({ result: isNew ? 1 : 0 });
    },
  );
}

/** @returns whether any of the files was new */
function register(store: XetStore, files: readonly StoredFile[], { target, user }: XetGrant): boolean {
  let isNew = false;
  const xorbs = new Set(files.flatMap(({ terms }) => terms.map(({ xorb }) => xorb)));
  for (const xorb of xorbs) store.xorbs.touch(xorb);
  for (const file of files) {
    if (file.hash === EMPTY_FILE_HASH) continue;
    if (user !== null) store.files.addUpload(target, user, file.hash);
    isNew = store.files.add(file) || isNew;
  }
  return isNew;
}
