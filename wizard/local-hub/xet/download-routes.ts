/** Downloads: how a file is put together, and the runs of chunks it is made of. */
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { parseRange } from "./byte-range.ts";
import { CAS_BASE, requireGrant, requireHash, requireInstance } from "./cas-access.ts";
import { requireDataUrl, signDataUrl } from "./data-url.ts";
import { type Fetch, fetchesFor, type Plan, planSpan } from "./reconstruction.ts";
import { readDisk, sendRanges } from "./send-file.ts";
import { xetOf } from "./store.ts";
import { casUrl } from "./token-answer.ts";

export function downloadRoutes(router: HubRouter, hub: HubContext): void {
  const store = xetOf(hub);

  /** The plan for the file and range asked for; 404 where the token may not read it, 416 behind its end. */
  const plan = (c: HubRequest): Plan => {
    const { target, user } = requireGrant(c, hub, "read");
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

  /** Per xorb what `describe` makes of each run of chunks. */
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
      method: "GET",
      path: `${CAS_BASE}/v2/reconstructions/:hash`,
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
      path: `${CAS_BASE}/v1/reconstructions/:hash`,
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
    { method: "GET", path: `${CAS_BASE}/v1/data/:hash`, about: "Xet: a run of chunks, by signed URL" },
    (c) => {
      requireInstance(c, hub);
      const xorb = requireHash(c);
      const allowed = requireDataUrl(store.signer, xorb, c.req.query(), hub.now());
      const { storedBytes } = store.indexOf(xorb);
      const range = c.req.header("Range") ?? `bytes=${allowed.start}-${allowed.end - 1}`;
      const wanted = parseRange(range, storedBytes) ?? [{ start: 0, end: storedBytes }];
      if (wanted.some(({ start, end }) => start < allowed.start || end > allowed.end)) {
        throw new HubHttpError(403, "This URL does not allow these bytes");
      }
      const read = (span: { start: number; end: number }) => readDisk(store.xorbs.path(xorb), span);
      return sendRanges({ size: storedBytes, contentType: "application/octet-stream", read }, range, {});
    },
  );
}

const termsAnswer = ({ terms }: Plan) =>
  terms.map((term) => ({
    hash: term.xorb,
    unpacked_length: term.unpackedBytes,
    range: { start: term.first, end: term.end },
  }));

const inclusive = ({ bytes }: Fetch) => ({ start: bytes.start, end: bytes.end - 1 });
