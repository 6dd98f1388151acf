/** A Space: its repository, settings and what it is doing. The library covers only the commit (hub-wire.md 5). */
import { z } from "zod";
import { HubError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { logLines } from "./logs.ts";
import { pages, unexpected } from "./pages.ts";
import { encodePath } from "./path.ts";
import { commitToSpace } from "./space-commit.ts";
import type { HubSpace, SpaceRuntime } from "./types.ts";

const Runtime = z.looseObject({
  stage: z.string(),
  hardware: z.looseObject({ current: z.string().nullish(), requested: z.string().nullish() }).nullish(),
  errorMessage: z.string().nullish(),
});
const Info = z.looseObject({
  id: z.string(),
  sdk: z.string().nullish(),
  sha: z.string().nullish(),
  private: z.boolean().default(false),
  host: z.string().nullish(),
  runtime: Runtime.nullish(),
});
const TreeEntry = z.looseObject({
  type: z.string(),
  path: z.string(),
  oid: z.string().default(""),
  size: z.number().default(0),
});
const Settings = z.record(z.string(), z.looseObject({ value: z.string().nullish() }));

export function hubSpace(http: HubHttp, id: string): HubSpace {
  const api = `/api/spaces/${encodePath(id)}`;

  const get = async <T>(url: string, schema: z.ZodType<T>, what: string): Promise<T> => {
    const parsed = schema.safeParse((await http.send({ method: "GET", url })).json());
    if (!parsed.success) throw unexpected({ method: "GET", url }, what);
    return parsed.data;
  };
  const post = async (path: string, json: unknown, query?: Record<string, boolean>) => {
    await http.send({ method: "POST", url: `${api}/${path}`, json, query });
  };
  const orNull = async <T>(work: Promise<T>): Promise<T | null> => {
    try {
      return await work;
    } catch (error) {
      if (error instanceof HubError && error.isNotFound) return null;
      throw error;
    }
  };

  return {
    id,
    async info() {
      const info = await orNull(get(api, Info, "a description of a Space"));
      return (
        info && {
          id: info.id,
          sdk: info.sdk ?? null,
          sha: info.sha ?? null,
          private: info.private,
          host: info.host?.replace(/\/+$/, "") ?? null,
          runtime: toRuntime(info.runtime),
        }
      );
    },
    async create({ sdk, private: isPrivate = false, hardware, secrets = {}, variables = {} }) {
      const [organization, name] = id.split("/");
      const answer = await http.send({
        method: "POST",
        url: "/api/repos/create",
        json: {
          name,
          organization,
          type: "space",
          private: isPrivate,
          sdk,
          ...(hardware && { hardware }),
          secrets: keyValues(secrets),
          variables: keyValues(variables),
        },
        accept: [409],
        repeat: "unsent",
      });
      const { url } = z.looseObject({ url: z.string().optional() }).catch({}).parse(answer.json());
      return { created: answer.status !== 409, url: url ?? `${http.endpoint}/spaces/${id}` };
    },
    async delete() {
      const [organization, name] = id.split("/");
      await http.send({
        method: "DELETE",
        url: "/api/repos/delete",
        json: { name, organization, type: "space" },
        accept: [404],
      });
    },
    async files() {
      const request = { method: "GET", url: `${api}/tree/main`, query: { recursive: true } } as const;
      const files = new Map<string, { oid: string; size: number }>();
      for await (const page of pages(http, request)) {
        const parsed = z.array(TreeEntry).safeParse(page);
        if (!parsed.success) throw unexpected(request, "a list of files");
        for (const { type, path, oid, size } of parsed.data) {
          if (type === "file") files.set(path, { oid, size });
        }
      }
      return files;
    },
    async readText(path) {
      const url = `/spaces/${encodePath(id)}/resolve/main/${encodePath(path)}`;
      return (await orNull(http.send({ method: "GET", url })))?.text() ?? null;
    },
    commit: (change) => commitToSpace(http, id, change),
    async runtime() {
      return toRuntime(await get(`${api}/runtime`, Runtime, "the state of a Space"));
    },
    async variables() {
      const settings = await get(`${api}/variables`, Settings, "a list of variables");
      return new Map(Object.entries(settings).map(([key, { value }]) => [key, value ?? ""]));
    },
    setVariable: (key, value) => post("variables", { key, value }),
    async deleteVariable(key) {
      await http.send({ method: "DELETE", url: `${api}/variables`, json: { key } });
    },
    async secretKeys() {
      return new Set(Object.keys(await get(`${api}/secrets`, Settings, "a list of secrets")));
    },
    setSecret: (key, value) => post("secrets", { key, value }),
    async deleteSecret(key) {
      await http.send({ method: "DELETE", url: `${api}/secrets`, json: { key } });
    },
    restart: ({ factory } = {}) => post("restart", undefined, factory ? { factory } : undefined),
    pause: () => post("pause", undefined),
    logs: (kind, tail) => logLines(http, `${api}/logs/${kind}`, tail),
  };
}

function toRuntime(runtime: z.infer<typeof Runtime> | null | undefined): SpaceRuntime {
  return {
    stage: runtime?.stage ?? "UNKNOWN",
    hardware: runtime?.hardware?.current ?? runtime?.hardware?.requested ?? null,
    errorMessage: runtime?.errorMessage ?? null,
  };
}

function keyValues(record: Record<string, string>) {
  return Object.entries(record).map(([key, value]) => ({ key, value }));
}
