/** The CAS endpoints under `/xet/<instance id>` (hub-wire.md 4.5). */
import type { HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import type { HubHandler, HubRequest, HubRouter } from "../router.ts";
import { parseRange } from "./byte-range.ts";
import { requireDataUrl, signDataUrl } from "./data-url.ts";
import { EMPTY_FILE_HASH, isHashText } from "./hashes.ts";
import { type Fetch, fetchesFor, type Plan, planSpan } from "./reconstruction.ts";
import { readDisk, sendRanges } from "./send-file.ts";
import { MAX_SHARD_BYTES, parseShard } from "./shard.ts";
import { xetOf } from "./store.ts";
import { casUrl } from "./token-answer.ts";
import { requireXetToken, type XetGrant } from "./tokens.ts";
import { verifyShard } from "./verify-shard.ts";
import { MAX_FOOTER_BYTES, MAX_XORB_BYTES } from "./xorb-parser.ts";

const BASE = "/xet/:instance";

export function xetRoutes(router: HubRouter, hub: HubContext): void {
  const store = xetOf(hub);

  const requireToken = (c: HubRequest, scope: XetGrant["scope"]): XetGrant => {
    requireInstance(c, hub);
    const grant = requireXetToken(store.signer, c.req.header("Authorization"), scope, hub.now());
    c.set("user", grant.user);
    return grant;
  };

  /** The plan for the file and range asked for; 404 where the token may not read it, 416 behind its end. */
  const plan = (c: HubRequest): Plan => {
    const { target, user } = requireToken(c, "read");
    const hash = requireHash(c);
    const file = store.mayRead(target, user, hash) ? store.file(hash) : undefined;
    if (file === undefined) throw new HubHttpError(404, `File ${hash} is not known`);
    const spans = parseRange(c.req.header("Range"), file.size);
    if (spans?.length === 0) {
      throw new HubHttpError(416, "The range lies behind the end of the file", {
        headers: { "Content-Range": `bytes */${file.size}` },
      });
    }
    return planSpan(file, spans?.[0] ?? { start: 0, end: file.size }, store.indexOf);
  };

  /** `xorbs` of version 2 or `fetch_info` of version 1: per xorb what `describe` makes of each run. */
  const fetches = <T>(c: HubRequest, { terms }: Plan, describe: (run: Fetch, url: string) => T) => {
    const url = (run: Fetch) => casUrl(c, hub) + signDataUrl(store.signer, run, hub.now());
    return Object.fromEntries(
      [...fetchesFor(terms, store.indexOf)].map(([xorb, runs]) => [
        xorb,
        runs.map((run) => describe(run, url(run))),
      ]),
    );
  };

  router.add(
    {
      method: "POST",
      path: `${BASE}/v1/xorbs/:prefix/:hash`,
      about: "Xet: store a xorb; every chunk is verified",
      maxBodyBytes: MAX_XORB_BYTES + MAX_FOOTER_BYTES,
    },
    async (c) => {
      requireToken(c, "write");
      const hash = requireHash(c);
      if (c.req.raw.body === null) throw badRequest("Xorb is empty");
      return c.json({ was_inserted: await store.xorbs.add(hash, c.req.raw.body) });
    },
  );

  router.add(
    {
      method: "POST",
      path: `${BASE}/v1/shards`,
      about: "Xet: register files; every hash is verified",
      maxBodyBytes: MAX_SHARD_BYTES,
    },
    async (c) => {
      const { target, user } = requireToken(c, "write");
      const body = Buffer.from(await c.req.arrayBuffer());
      const files = verifyShard(parseShard(body), (xorb) => store.xorbs.index(xorb));
      const isNew = transaction(hub.db, () => {
        const added = files.map((file) => {
          for (const xorb of new Set(file.terms.map((term) => term.xorb))) store.xorbs.touch(xorb);
          if (user !== null && file.hash !== EMPTY_FILE_HASH) store.files.addUpload(target, user, file.hash);
          return store.files.add(file);
        });
        return added.includes(true);
      });
      return c.json({ result: isNew ? 1 : 0 });
    },
  );

  router.add(
    {
      method: "GET",
      path: `${BASE}/v2/reconstructions/:hash`,
      about: "Xet: how to put a file together",
    },
    (c) => {
      const found = plan(c);
      return c.json({
        offset_into_first_range: found.offset,
        terms: termsAnswer(found),
        xorbs: fetches(c, found, (run, url) => ({
          url,
          ranges: [{ chunks: { start: run.first, end: run.end }, bytes: inclusive(run) }],
        })),
      });
    },
  );

  router.add(
    {
      method: "GET",
      path: `${BASE}/v1/reconstructions/:hash`,
      about: "Xet: how to put a file together, older form",
    },
    (c) => {
      const found = plan(c);
      return c.json({
        offset_into_first_range: found.offset,
        terms: termsAnswer(found),
        fetch_info: fetches(c, found, (run, url) => ({
          range: { start: run.first, end: run.end },
          url,
          url_range: inclusive(run),
        })),
      });
    },
  );

  router.add(
    { method: "GET", path: `${BASE}/v1/data/:hash`, about: "Xet: a run of chunks, by signed URL" },
    (c) => {
      requireInstance(c, hub);
      const xorb = requireHash(c);
      const allowed = requireDataUrl(store.signer, xorb, c.req.query(), hub.now());
      const index = store.indexOf(xorb);
      const wanted = parseRange(c.req.header("Range"), index.storedBytes) ?? [allowed];
      if (wanted.some(({ start, end }) => start < allowed.start || end > allowed.end)) {
        throw new HubHttpError(403, "This URL does not allow these bytes");
      }
      return sendRanges(
        {
          size: index.storedBytes,
          contentType: "application/octet-stream",
          read: (span) => readDisk(store.xorbs.path(xorb), span),
        },
        c.req.header("Range") ?? `bytes=${allowed.start}-${allowed.end - 1}`,
        {},
      );
    },
  );

  const missing =
    (what: string): HubHandler =>
    (c) => {
      requireToken(c, "read");
      throw new HubHttpError(404, `${what} is not offered; clients go on without it`);
    };
  router
    .add(
      {
        method: "GET",
        path: `${BASE}/v1/chunks/:prefix/:hash`,
        about: "Xet: global deduplication; always 404, so clients send what they do not remember sending",
        support: "partial",
      },
      missing("Global deduplication"),
    )
    .add(
      {
        method: "GET",
        path: `${BASE}/v2/file-chunk-hashes/:hash`,
        about: "Xet: always 404, so an edit sends the whole file",
        support: "partial",
      },
      missing("The list of a file's chunks"),
    )
    .add(
      {
        method: "POST",
        path: `${BASE}/v1/xorb-grants/:prefix/:hash`,
        about: "Xet: a place in storage to upload a xorb to; always 404, so clients send it to the hub itself",
        support: "partial",
      },
      missing("Direct upload to storage"),
    )
    .add(
      {
        method: "POST",
        path: `${BASE}/v2/shards`,
        about: "Xet: always 404, so clients use version 1",
        support: "partial",
        maxBodyBytes: MAX_SHARD_BYTES,
      },
      missing("Version 2 of shards"),
    )
    .add(
      {
        method: "POST",
        path: `${BASE}/v1/telemetry`,
        about: "Xet: accepted and dropped",
        support: "partial",
      },
      (c) => c.json({}),
    );
}

/** A client of a hub that was wiped since asks for things that are gone: 401 makes it fetch a new token. */
function requireInstance(c: HubRequest, hub: HubContext): void {
  if (c.req.param("instance") !== hub.instanceId) {
    throw new HubHttpError(401, "This Xet storage does not exist any more: ask the Hub for a new token");
  }
}

function requireHash(c: HubRequest): string {
  const hash = c.req.param("hash");
  if (!isHashText(hash)) throw badRequest("The hash in the URL is not 64 lowercase hex characters");
  return hash;
}

const termsAnswer = ({ terms }: Plan) =>
  terms.map((term) => ({
    hash: term.xorb,
    unpacked_length: term.unpackedBytes,
    range: { start: term.first, end: term.end },
  }));

const inclusive = ({ bytes }: Fetch) => ({ start: bytes.start, end: bytes.end - 1 });
