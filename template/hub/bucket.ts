/** A bucket: listing, reading, and writing whole groups of files in a constant number of requests. */
import { z } from "zod";
import { type BatchLine, sendBatch } from "./batch.ts";
import { HubError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { pages, unexpected } from "./pages.ts";
import { encodePath } from "./path.ts";
import type { BucketEntry, BucketFile, HubBucket } from "./types.ts";
import { pack } from "./xet/pack.ts";
import { uploadPack, type WriteTokens } from "./xet/upload.ts";

const Entry = z.looseObject({
  type: z.enum(["file", "directory"]),
  path: z.string(),
  size: z.number().default(0),
  xetHash: z.string().nullish(),
  uploadedAt: z.string().nullish(),
});
const Info = z.looseObject({
  id: z.string(),
  private: z.boolean().default(false),
  size: z.number().default(0),
  totalFiles: z.number().default(0),
});
const Created = z.looseObject({ url: z.string().optional() });

const LIST_LIMIT = 5000;
/** The Hub takes 2000; the official client sends 1000. */
const STAT_LIMIT = 1000;

export function hubBucket(http: HubHttp, tokens: WriteTokens, id: string): HubBucket {
  const api = `/api/buckets/${encodePath(id)}`;
  const now = http.options.now ?? Date.now;

  const stat: HubBucket["stat"] = async (paths) => {
    const found = new Map<string, BucketEntry>();
    const request = { method: "POST", url: `${api}/paths-info` } as const;
    for (let i = 0; i < paths.length; i += STAT_LIMIT) {
      const answer = await http.send({ ...request, json: { paths: paths.slice(i, i + STAT_LIMIT) } });
      for (const entry of toEntries(answer.json(), request)) found.set(entry.path, entry);
    }
    return found;
  };

  const read: HubBucket["read"] = async (path, { maxBytes } = {}) => {
    try {
      const url = `/buckets/${encodePath(id)}/resolve/${encodePath(path)}`;
      return (await http.send({ method: "GET", url, maxBytes })).bytes;
    } catch (error) {
      if (error instanceof HubError && error.status === 404 && error.code !== "RepoNotFound") return null;
      throw error;
    }
  };

  const stage: HubBucket["stage"] = async (files) => {
    const distinct = [...new Map(files.map((file) => [file.path, file])).values()];
    if (distinct.length === 0) return { entries: [] };
    const packed = pack(distinct.map(contentBytes));
    await uploadPack(http, tokens, encodePath(id), packed);
    const mtimeMs = now();
    const entries = distinct.map(({ path, contentType }, i) => {
      const file = packed.files[i];
      if (!file) throw new Error(`${path} was not packed`);
      return { path, ...file, ...(contentType && { contentType }), mtimeMs };
    });
    return { entries };
  };

  const publish: HubBucket["publish"] = async ({ staged, copies = [], deletes = [] }) => {
    const adds: BatchLine[] = (staged?.entries ?? []).map((entry) => ({
      type: "addFile",
      path: entry.path,
      xetHash: entry.xetHash,
      mtime: entry.mtimeMs,
      ...(entry.contentType && { contentType: entry.contentType }),
    }));
    const mtime = now();
    for (const copy of copies) {
      adds.push({
        type: "copyFile",
        path: copy.path,
        xetHash: copy.xetHash,
        sourceRepoType: copy.source.type,
        sourceRepoId: copy.source.id,
        mtime,
      });
    }
    await sendBatch(http, encodePath(id), adds);
    // In a request of its own: a delete must not happen before the adds are known good.
    const removals = deletes.map((path): BatchLine => ({ type: "deleteFile", path }));
    await sendBatch(http, encodePath(id), removals, async (paths) => {
      const there = await stat(paths);
      return new Set(paths.filter((path) => !there.has(path)));
    });
  };

  return {
    id,
    async info() {
      try {
        const parsed = Info.safeParse((await http.send({ method: "GET", url: api })).json());
        if (!parsed.success) throw unexpected({ method: "GET", url: api }, "a description of a bucket");
        const { private: isPrivate, size, totalFiles } = parsed.data;
        return { id: parsed.data.id, private: isPrivate, size, totalFiles };
      } catch (error) {
        if (error instanceof HubError && error.isNotFound) return null;
        throw error;
      }
    },
    async create(options = {}) {
      const answer = await http.send({
        method: "POST",
        url: api,
        json: options.private === undefined ? {} : { private: options.private },
        accept: [409],
        repeat: "unsent",
      });
      const url = Created.safeParse(answer.json()).data?.url ?? `${http.endpoint}/buckets/${id}`;
      return { created: answer.status !== 409, url };
    },
    async delete() {
      await http.send({ method: "DELETE", url: api, accept: [404] });
    },
    async *list(prefix = "") {
      // The Hub matches prefixes as strings: asked for `runs/v1` it would also give `runs/v10/a`.
      const folder = prefix.replace(/\/+$/, "");
      const under = folder === "" ? "" : `${folder}/`;
      const url = under === "" ? `${api}/tree` : `${api}/tree/${encodeURIComponent(under)}`;
      const request = { method: "GET", url, query: { recursive: true, limit: LIST_LIMIT } } as const;
      for await (const page of pages(http, request)) {
        for (const entry of toEntries(page, request)) {
          if (entry.type === "file" && entry.path.startsWith(under)) yield entry;
        }
      }
    },
    async newest(limit) {
      const request = { method: "GET", url: `${api}/tree` } as const;
      const query = { recursive: true, sort: "uploadedAt", limit };
      return toEntries((await http.send({ ...request, query })).json(), request);
    },
    stat,
    read,
    async readText(path, options) {
      const bytes = await read(path, options);
      return bytes && new TextDecoder().decode(bytes);
    },
    stage,
    publish,
    async write(files) {
      if (files.length > 0) await publish({ staged: await stage(files) });
    },
  };
}

function contentBytes({ content }: BucketFile): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

function toEntries(answer: unknown, request: { method: "GET" | "POST"; url: string }): BucketEntry[] {
  const parsed = z.array(Entry).safeParse(answer);
  if (!parsed.success) throw unexpected(request, "a list of files");
  return parsed.data.map(({ type, path, size, xetHash, uploadedAt }) => ({
    type,
    path,
    size,
    xetHash: xetHash ?? null,
    uploadedAt: uploadedAt ?? null,
  }));
}
