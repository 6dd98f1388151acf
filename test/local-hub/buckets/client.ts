/** Writing to buckets without a client library, for tests that look at single requests. */
import type { LocalHub } from "../../../wizard/local-hub/server.ts";
import { call } from "../support.ts";
import { fileHash, makeShard, makeXorb } from "../xet/forge.ts";

/** The hash of an empty file, which needs no upload. */
export const EMPTY = "0".repeat(64);

export async function makeBucket(
  hub: LocalHub,
  id: string,
  options: { private?: boolean; as?: string } = {},
) {
  const { as = id.split("/")[0] as string, ...json } = options;
  const response = await call(hub, `/api/buckets/${id}`, { method: "POST", as, json });
  if (!response.ok) throw new Error(`${id}: ${response.status} ${await response.text()}`);
}

export interface BatchAnswer {
  success: boolean;
  processed: number;
  succeeded: number;
  failed: { path: string; error: string }[];
}

/** Sends operations as one batch. */
export async function batch(hub: LocalHub, id: string, operations: readonly object[], as = id.split("/")[0]) {
  const body = operations.map((operation) => JSON.stringify(operation)).join("\n");
  const response = await call(hub, `/api/buckets/${id}/batch`, { method: "POST", as, body });
  return { status: response.status, body: (await response.json()) as BatchAnswer & { error?: string } };
}

/** Uploads content with a write token for the bucket. @returns its hash, for a batch */
export async function stage(
  hub: LocalHub,
  id: string,
  content: Buffer,
  as = id.split("/")[0],
): Promise<string> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < content.length; at += 65_536) chunks.push(content.subarray(at, at + 65_536));
  const xorb = makeXorb(chunks, 1);
  const file = { terms: [{ xorb }] };
  const answer = await call(hub, `/api/buckets/${id}/xet-write-token`, { as });
  const { casUrl, accessToken } = (await answer.json()) as { casUrl: string; accessToken: string };
  const send = async (path: string, body: Buffer<ArrayBuffer>) => {
    const headers = { Authorization: `Bearer ${accessToken}` };
    const response = await fetch(casUrl + path, { method: "POST", body, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  };
  await send(`/v1/xorbs/default/${xorb.hash}`, xorb.bytes);
  await send("/v1/shards", makeShard({ files: [file], xorbs: [xorb] }));
  return fileHash(file);
}

/** Uploads files and adds them. */
export async function putFiles(hub: LocalHub, id: string, files: Record<string, string>): Promise<void> {
  const operations = [];
  for (const [path, text] of Object.entries(files)) {
    const xetHash = text === "" ? EMPTY : await stage(hub, id, Buffer.from(text));
    operations.push({ type: "addFile", path, xetHash });
  }
  const { status, body } = await batch(hub, id, operations);
  if (status !== 200 || !body.success) throw new Error(`${id}: ${status} ${JSON.stringify(body)}`);
}

export interface Page {
  items: { type: string; path: string; uploadedAt: string; [field: string]: unknown }[];
  next: string | null;
}

/** One page of a listing: a query of the tree, or the URL of a next page. */
export async function page(hub: LocalHub, query: string, as = "ada"): Promise<Page> {
  const path = query.startsWith("http") ? query.slice(hub.url.length) : `/api/buckets/${query}`;
  const response = await call(hub, path, { as });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  const next = /^<([^>]+)>; rel="next"$/.exec(response.headers.get("link") ?? "")?.[1] ?? null;
  return { items: (await response.json()) as Page["items"], next };
}

/** All pages of a listing. */
export async function pages(hub: LocalHub, query: string, as?: string): Promise<Page["items"][]> {
  const found: Page["items"][] = [];
  for (let next: string | null = query; next !== null; ) {
    const got: Page = await page(hub, next, as);
    found.push(got.items);
    next = got.next;
  }
  return found;
}
