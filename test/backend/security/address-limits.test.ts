/** Limits by network address: the bounds of those who have no other name. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addressKey } from "../../../template/spaces/backend/access/address-limits.ts";
import { newAgentKey } from "../../../template/spaces/backend/access/agent-keys.ts";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

let under: BackendUnderTest;
let agent: TestAgent;
let clock = Date.now();
const now = () => {
  clock += 1;
  return clock;
};

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: {
      board: {
        limits: {
          address_writes_per_minute: 30,
          address_registrations_per_minute: 3,
          address_searches_per_minute: 3,
          address_failures_per_minute: 3,
          raw_messages_per_minute: 5,
        },
      },
    },
    // One proxy in front: the last hop is who called it.
    config: { trustedProxies: 1 },
    start: { now },
  });
  agent = await under.agent("a");
});
afterAll(() => under?.[Symbol.asyncDispose]());

const from = (ip: string, path: string, request: Parameters<BackendUnderTest["request"]>[1] = {}) =>
  under.request(path, { ...request, headers: { "x-forwarded-for": ip, ...request.headers } });

function expectLimited({ status, headers, body }: Awaited<ReturnType<typeof from>>): void {
  expect([status, body.error.code]).toEqual([429, "RATE_LIMITED"]);
  const seconds = Number(headers.get("retry-after"));
  expect(seconds).toBeGreaterThan(0);
  expect(body.error.retry_after).toBe(seconds);
  expect(body.error.message).toContain(`${seconds} s`);
}

describe("each address has its own allowance of", () => {
  test("writes, whatever they are answered", async () => {
    for (let n = 0; n < 30; n += 1)
      expect((await from("10.0.0.1", "/v1/messages", { json: { agent_id: "a" } })).status).toBe(422);
    expectLimited(await from("10.0.0.1", "/v1/messages", { json: { agent_id: "a" } }));
    expect((await from("10.0.0.2", "/v1/messages", { json: { agent_id: "a" } })).status).toBe(422);
    expect((await from("10.0.0.1", "/v1/messages")).status).toBe(200);
  });

  test("registrations, whatever ids they try", async () => {
    const register = (ip: string, id: string) =>
      from(ip, "/v1/agents/register", { json: { agent_id: id, model: "m", harness: "h" } });
    for (let n = 0; n < 3; n += 1) expect((await register("10.0.1.1", `id-${n}`)).status).toBe(412);
    expectLimited(await register("10.0.1.1", "id-3"));
    expect((await register("10.0.1.2", "id-3")).status).toBe(412);
  });

  test("searches; the cached answer and lists without q are free", async () => {
    for (let n = 0; n < 3; n += 1) expect((await from("10.0.2.1", `/v1/messages?q=w${n}`)).status).toBe(200);
    expectLimited(await from("10.0.2.1", "/v1/messages?q=w3"));
    expectLimited(await from("10.0.2.1", "/v1/results?q=w3"));
    expect((await from("10.0.2.1", "/v1/messages?q=w2")).status).toBe(200);
    expect((await from("10.0.2.1", "/v1/messages?limit=3")).status).toBe(200);
    expect((await from("10.0.2.2", "/v1/messages?q=w3")).status).toBe(200);
  });

  test("wrong tokens; keys and tokens that are known go on working", async () => {
    const me = (token: string) => from("10.0.3.1", "/v1/me", { token });
    expect((await me(tokenOf("bob"))).status).toBe(200);
    for (let n = 0; n < 3; n += 1) expect((await me(`hf_wrong_${n}`)).status).toBe(401);
    expectLimited(await me("hf_wrong_3"));
    expectLimited(await me(tokenOf("cy")));
    expect((await me(tokenOf("bob"))).status).toBe(200);
    const json = { agent_id: "a", body: "still here" };
    expect((await from("10.0.3.1", "/v1/messages", { json, token: agent.key })).status).toBe(201);
    expect((await from("10.0.3.2", "/v1/me", { token: tokenOf("cy") })).status).toBe(200);
  });

  test("wrong agent keys", async () => {
    const json = { agent_id: "a", body: "forged" };
    const post = (token: string) => from("10.0.4.1", "/v1/messages", { json, token });
    for (let n = 0; n < 3; n += 1) expect((await post(newAgentKey())).status).toBe(403);
    expectLimited(await post(newAgentKey()));
    expect((await post(agent.key)).status).toBe(201);
  });
});

describe("an address", () => {
  test("is the hop that the trusted proxy saw, not what a client says before it", async () => {
    for (let n = 0; n < 4; n += 1) await from(`192.0.2.${n}, 10.0.5.1`, `/v1/messages?q=forged-${n}`);
    expectLimited(await from("10.0.5.1", "/v1/messages?q=forged-4"));
    expect((await from("10.0.5.1, 10.0.5.2", "/v1/messages?q=forged-5")).status).toBe(200);
  });

  test.each([
    ["1.2.3.4", "1.2.3.4"],
    ["1.2.3.4:5678", "1.2.3.4"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
    ["[2001:db8:1:2::7]:443", "2001:db8:1:2::/64"],
    ["2001:db8::7", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["unknown", "unknown"],
    ["x".repeat(500), "x".repeat(64)],
  ])("%s counts as %s", (address, key) => {
    expect(addressKey(address)).toBe(key);
  });
});

test("many agents of one user are still one user", async () => {
  const limits = { user_writes_per_minute: 4 };
  await using own = await BackendUnderTest.start({ collab: { board: { limits } }, start: { now } });
  const agents = await Promise.all(["one", "two", "three"].map((id) => own.agent(id, "ada")));
  const bobs = await own.agent("bobs", "bob");
  const statuses: number[] = [];
  for (let n = 0; n < 6; n += 1) {
    const { id, key } = agents[n % 3] as TestAgent;
    statuses.push((await own.post("/v1/messages", { agent_id: id, body: `${n}` }, key)).status);
  }
  expect(statuses).toEqual([201, 201, 201, 201, 429, 429]);
  expect((await own.post("/v1/messages", { agent_id: "human-ada", body: "x" }, tokenOf("ada"))).status).toBe(
    429,
  );
  expect((await own.get("/v1/limits?as=two")).body.as.owner).toMatchObject({ limit: 4, remaining: 0 });
  await own.say(bobs, "another user is not held up");
});

describe("GET /v1/limits", () => {
  test("shows every allowance before it is met, of the address and of an agent", async () => {
    const before = await from("10.0.6.1", "/v1/limits?as=a");
    expect(before.body.address.searches).toEqual({ limit: 3, remaining: 3, per_minute: 3, wait_seconds: 0 });
    expect(Object.keys(before.body.address).sort()).toEqual(
      ["failures", "file_reads", "registrations", "searches", "sign_ins", "streams", "writes"].sort(),
    );
    await from("10.0.6.1", "/v1/messages?q=limits-1");
    const { remaining } = before.body.as.posts;
    await under.say(agent, "one less");
    const after = await from("10.0.6.1", "/v1/limits?as=a");
    expect(after.body.address.searches.remaining).toBe(2);
    expect(after.body.as.posts.remaining).toBe(remaining - 1);
    expect(after.body.sizes.document_bytes).toBe(262_144);
  });

  test("says how long to wait where nothing is left", async () => {
    for (let n = 0; n < 4; n += 1) await from("10.0.7.1", `/v1/messages?q=wait-${n}`);
    const { body } = await from("10.0.7.1", "/v1/limits");
    expect(body.address.searches).toMatchObject({ remaining: 0, wait_seconds: expect.any(Number) });
    expect(body.address.searches.wait_seconds).toBeGreaterThan(0);
    expect(body.as).toBeNull();
  });

  test("refuses what is no id", async () => {
    expect((await from("10.0.8.1", "/v1/limits?as=A")).body.error.code).toBe("INVALID_PATH");
  });
});
