import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

/** Who asks: a way to be somebody in the organisation `demo`, or outside of it. */
const CALLERS = [
  "anonymous",
  "stranger",
  "no_access",
  "read",
  "contributor",
  "write",
  "admin",
  "admin, read token",
  "admin, token for one bucket",
  "contributor, token for the org",
] as const;

const NDJSON = { "content-type": "application/x-ndjson" };
const emptyBatch = '{"type":"deleteFile","path":"nothing-here"}\n';

/** What they ask for. Each is harmless to repeat, or made for one caller, so that rows do not depend on each other. */
const OPERATIONS: Record<
  string,
  (hub: LocalHub, token: string | undefined, who: string) => Promise<Response>
> = {
  "read a public bucket": (hub, token) => call(hub, "/api/buckets/demo/public/tree", { token }),
  "read a private bucket": (hub, token) => call(hub, "/api/buckets/demo/private/tree", { token }),
  "write somebody else's bucket": (hub, token) =>
    call(hub, "/api/buckets/demo/public/batch", { method: "POST", token, headers: NDJSON, body: emptyBatch }),
  "get a write token for a private bucket": (hub, token) =>
    call(hub, "/api/buckets/demo/private/xet-write-token", { token }),
  "write a bucket one has made": (hub, token, who) =>
    call(hub, `/api/buckets/demo/by-${slug(who)}/batch`, {
      method: "POST",
      token,
      headers: NDJSON,
      body: emptyBatch,
    }),
  "create a bucket": (hub, token, who) =>
    call(hub, `/api/buckets/demo/new-${slug(who)}`, { method: "POST", token, json: {} }),
  "create a Space": (hub, token, who) =>
    call(hub, "/api/repos/create", {
      method: "POST",
      token,
      json: { type: "space", sdk: "static", organization: "demo", name: `space-${slug(who)}` },
    }),
  "set a secret of somebody else's Space": (hub, token) =>
    call(hub, "/api/spaces/demo/board/secrets", { method: "POST", token, json: { key: "K", value: "v" } }),
  "read a private Space": (hub, token) => call(hub, "/api/spaces/demo/judge", { token }),
  "change a role": (hub, token) =>
    call(hub, "/api/organizations/demo/members/cy/role", {
      method: "PUT",
      token,
      json: { role: "contributor" },
    }),
  "make somebody an admin": (hub, token) =>
    call(hub, "/api/organizations/demo/members/bob/role", {
      method: "PUT",
      token,
      json: { role: "admin" },
    }),
  "run a Job": (hub, token) =>
    call(hub, "/api/jobs/demo", {
      method: "POST",
      token,
      json: { dockerImage: "python:3.12", command: ["true"], flavor: "cpu-basic" },
    }),
  "delete somebody else's bucket": (hub, token, who) =>
    call(hub, `/api/buckets/demo/doomed-${slug(who)}`, { method: "DELETE", token }),
};

const slug = (who: string) => who.replace(/[^a-z]+/g, "-");

/** Status by caller, in the order of `CALLERS`. */
const EXPECTED: Record<string, number[]> = {
  //                                           anon stra no_a read cont writ admi  r-t  b-t  c-t
  "read a public bucket": /*                */ [200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  "read a private bucket": /*               */ [401, 404, 404, 200, 200, 200, 200, 200, 404, 200],
  "write somebody else's bucket": /*        */ [401, 403, 403, 403, 403, 200, 200, 403, 200, 403],
  "get a write token for a private bucket": /**/ [401, 404, 404, 403, 403, 200, 200, 403, 404, 403],
  "write a bucket one has made": /*         */ [401, 403, 403, 403, 200, 200, 200, 403, 403, 200],
  "create a bucket": /*                     */ [401, 403, 403, 403, 200, 200, 200, 403, 403, 200],
  "create a Space": /*                      */ [401, 403, 403, 403, 200, 200, 200, 403, 403, 200],
  "set a secret of somebody else's Space": /**/ [401, 403, 403, 403, 403, 200, 200, 403, 403, 403],
  "read a private Space": /*                */ [401, 404, 404, 200, 200, 200, 200, 200, 404, 200],
  "change a role": /*                       */ [401, 403, 403, 403, 403, 200, 200, 403, 403, 403],
  "make somebody an admin": /*              */ [401, 403, 403, 403, 403, 403, 200, 403, 403, 403],
  "run a Job": /*                           */ [401, 403, 403, 403, 403, 200, 200, 403, 403, 403],
  "delete somebody else's bucket": /*       */ [401, 403, 403, 403, 403, 200, 200, 403, 403, 403],
};

const ROWS = Object.entries(EXPECTED).flatMap(([operation, statuses]) =>
  CALLERS.map((who, i) => [operation, who, statuses[i] as number] as const),
);

describe("permissions", () => {
  let hub: LocalHub;
  const tokens = new Map<string, string | undefined>();

  beforeAll(async () => {
    hub = await startLocalHub();
    const post = async (path: string, json: unknown, as?: string, token?: string) => {
      const response = await call(hub, path, { method: "POST", as, token, json });
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return response.json();
    };
    const bucket = (name: string, isPrivate: boolean, as: string) =>
      post(`/api/buckets/demo/${name}`, { private: isPrivate }, as);
    await bucket("public", false, "organizer");
    await bucket("private", true, "organizer");
    const space = { type: "space", sdk: "static", organization: "demo" };
    await post("/api/repos/create", { ...space, name: "board" }, "organizer");
    await post("/api/repos/create", { ...space, name: "judge", private: true }, "organizer");

    for (const who of CALLERS) {
      await bucket(`doomed-${slug(who)}`, false, "organizer");
      if (who === "anonymous") {
        tokens.set(who, undefined);
        await bucket(`by-${slug(who)}`, false, "organizer");
        continue;
      }
      const [role = ""] = who.split(",");
      const user = `user-${slug(who)}`;
      await post("/_emulator/users", { name: user, orgs: { demo: "contributor" } });
      await bucket(`by-${slug(who)}`, false, user);
      if (role === "stranger") hub.context.db.prepare("DELETE FROM members WHERE user = ?").run(user);
      else await post("/_emulator/users", { name: user, orgs: { demo: role } });
      tokens.set(who, `hf_local_${user}`);
    }
    const special = async (who: string, token: object) => {
      const made = await post("/_emulator/tokens", { user: `user-${slug(who)}`, ...token });
      tokens.set(who, (made as { token: string }).token);
    };
    await special("admin, read token", { role: "read" });
    await special("admin, token for one bucket", {
      role: "fineGrained",
      scopes: { "bucket/demo/public": ["repo.write"] },
    });
    await special("contributor, token for the org", {
      role: "fineGrained",
      scopes: { "org/demo": ["repo.content.read", "repo.write"] },
    });
  });
  afterAll(() => hub.close());

  it.each(ROWS)("%s: %s gets %i", async (operation, who, status) => {
    const response = await OPERATIONS[operation]?.(hub, tokens.get(who), who);
    expect(response?.status, await response?.text()).toBe(status);
  });

  it("hide a private bucket behind the same error as one that does not exist", async () => {
    for (const who of ["anonymous", "stranger"]) {
      const answers = await Promise.all(
        ["private", "never-made"].map(async (name) => {
          const response = await call(hub, `/api/buckets/demo/${name}`, { token: tokens.get(who) });
          const { headers, status } = response;
          return [status, headers.get("x-error-code"), (await response.text()).replaceAll(name, "")];
        }),
      );
      expect(answers[0]).toEqual(answers[1]);
    }
  });
});
