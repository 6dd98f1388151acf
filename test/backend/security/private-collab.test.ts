/** A collab whose central bucket is private: reading takes membership, streams too. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, tokenOf } from "../../support/backend.ts";
import { Dashboard } from "../../support/dashboard.ts";
import { eventually } from "../../support/eventually.ts";

let under: BackendUnderTest;
let dashboard: Dashboard;
let clockMs = 0;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    privateBucket: true,
    async beforeStart(localHub) {
      dashboard = await Dashboard.create(localHub);
    },
    start: { now: () => Date.now() + clockMs },
  });
  await eventually(() => under.backend.dashboardClientId !== null);
});
afterAll(() => under?.[Symbol.asyncDispose]());

const status = async (path: string, token?: string) =>
  (await under.request(path, token === undefined ? {} : { token })).status;

async function stream(query: string): Promise<number> {
  const ended = new AbortController();
  const response = await fetch(`${under.url}/v1/events${query}`, { signal: ended.signal });
  ended.abort();
  return response.status;
}

describe("a private collab", () => {
  test("is read by members, with a Hub token or a session", async () => {
    const paths = ["/v1/messages", "/v1/digest", "/v1/leaderboard", "/v1/inbox/human-ada", "/v1/changes"];
    const { body } = await under.post("/v1/auth/session", await dashboard.signIn("ada"));
    for (const path of paths) {
      expect(await status(path)).toBe(401);
      expect(await status(path, tokenOf("ada"))).toBe(200);
      expect(await status(path, body.session_token)).toBe(200);
    }
  });

  test("still says how to sign in, its limits, and that it is alive", async () => {
    for (const path of ["/v1", "/v1/auth", "/v1/limits", "/v1/healthz", "/v1/readyz"])
      expect(await status(path)).toBe(200);
  });

  test("streams events to whoever has a ticket, once, for half a minute", async () => {
    expect(await stream("")).toBe(401);
    expect(await stream("?ticket=made-up")).toBe(401);
    const none = await under.request("/v1/events/ticket", { method: "POST" });
    expect([none.status, none.body.error.code]).toEqual([401, "UNAUTHORIZED"]);
    const issue = async () =>
      (await under.request("/v1/events/ticket", { method: "POST", token: tokenOf("ada") })).body;
    const { ticket } = await issue();
    expect(await stream(`?ticket=${ticket}`)).toBe(200);
    expect(await stream(`?ticket=${ticket}`)).toBe(401);
    const late = await issue();
    clockMs += 30_001;
    expect(await stream(`?ticket=${late.ticket}`)).toBe(401);
    expect(await status(`/v1/messages?ticket=${(await issue()).ticket}`)).toBe(401);
  });
});
