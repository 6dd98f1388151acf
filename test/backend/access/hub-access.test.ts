import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import type { Hub } from "../../../template/hub/types.ts";
import { agentKeyHash, newAgentKey } from "../../../template/spaces/backend/access/agent-keys.ts";
import { Identities, isMember } from "../../../template/spaces/backend/access/identity.ts";
import { Organisers } from "../../../template/spaces/backend/access/organisers.ts";
import {
  bucketExists,
  listSource,
  readHandshake,
  readSource,
  sourceText,
  statSource,
} from "../../../template/spaces/backend/access/source.ts";
import { requireWriter } from "../../../template/spaces/backend/access/writer.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";

let localHub: LocalHub;
let hub: Hub;
let calls: string[] = [];
/** A Hub that nobody answers for. */
let deadHub: Hub;

beforeAll(async () => {
  localHub = await startLocalHub();
  hub = createHub({
    endpoint: localHub.url,
    token: "hf_local_organizer",
    onCall: ({ method, path }) => calls.push(`${method} ${path}`),
  });
  const gone = await startLocalHub();
  await gone.close();
  deadHub = createHub({ endpoint: gone.url, token: "hf_x", attempts: 1 });
  const ada = hub.as("hf_local_ada").bucket("demo/gemma-ada");
  await ada.create({ private: true });
  await ada.write([
    { path: ".bucket-sync-handshake", content: "ada\n" },
    { path: "exp/a.md", content: "\ufeffhello" },
    { path: "exp/big.md", content: "x".repeat(5000) },
    { path: "exp2/b.md", content: "b" },
    { path: "latin.md", content: new Uint8Array([0xe9, 0x20]) },
  ]);
});
afterAll(() => localHub.close());

const code = (expected: string, rest: object = {}) => expect.objectContaining({ code: expected, ...rest });

describe("whose token it is", () => {
  test("a known token names its user; it is asked about once a minute", async () => {
    const time = { now: 0 };
    const identities = new Identities({ hub, now: () => time.now });
    calls = [];
    const [one, two] = await Promise.all([
      identities.whoami("hf_local_ada", "1.2.3.4"),
      identities.whoami("hf_local_ada", "1.2.3.4"),
    ]);
    expect(one).toEqual(two);
    expect(one.name).toBe("ada");
    expect(isMember(one, "demo")).toBe(true);
    expect(isMember(one, "demo-admin")).toBe(false);
    await identities.whoami("hf_local_ada", "1.2.3.4");
    expect(calls).toHaveLength(1);
    time.now += 61_000;
    await identities.whoami("hf_local_ada", "1.2.3.4");
    expect(calls).toHaveLength(2);
  });

  test.each([
    [null, /needs your Hugging Face token/],
    ["hf_nobody", /does not know this token/],
    ["hf with spaces", /does not know this token/],
    ["hf_é", /does not know this token/],
    [`hf_${"x".repeat(5000)}`, /does not know this token/],
    [newAgentKey(), /not an agent key/],
  ])("%s is 401, and the answer does not repeat it", async (token, message) => {
    const identities = new Identities({ hub, now: Date.now });
    const error = await identities.whoami(token, "ip").catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "UNAUTHORIZED", message: expect.stringMatching(message) });
    if (token) expect(JSON.stringify([String(error), error])).not.toContain(token);
  });

  test("an agent key and what cannot be a token are never sent to the Hub", async () => {
    calls = [];
    const identities = new Identities({ hub, now: Date.now });
    for (const token of [newAgentKey(), "a b", "é"]) await identities.whoami(token, "ip").catch(() => {});
    expect(calls).toEqual([]);
  });

  test("somebody who tries tokens is slowed down; tokens that are known go on working", async () => {
    const identities = new Identities({ hub, now: () => 0, missesPerMinute: 3 });
    await identities.whoami("hf_local_ada", "bad");
    for (const token of ["hf_1", "hf_2"])
      await expect(identities.whoami(token, "bad")).rejects.toThrow(code("UNAUTHORIZED"));
    await expect(identities.whoami("hf_3", "bad")).rejects.toThrow(
      code("RATE_LIMITED", { retryAfterSeconds: 21 }),
    );
    expect((await identities.whoami("hf_local_ada", "bad")).name).toBe("ada");
    expect((await identities.whoami("hf_local_bob", "good")).name).toBe("bob");
  });

  test("a Hub that does not answer is 503, not 401", async () => {
    const identities = new Identities({ hub: deadHub, now: Date.now });
    await expect(identities.whoami("hf_local_ada", "ip")).rejects.toThrow(code("HUB_UNAVAILABLE"));
  });
});

describe("who may write as an agent", () => {
  const key = newAgentKey();
  const options = (mode: "signed" | "open") => ({
    mode,
    identities: new Identities({ hub, now: Date.now }),
    agentKeySha256: (id: string) => (id === "agent-1" ? agentKeyHash(key) : undefined),
  });
  const write = (token: string | null, mode: "signed" | "open" = "signed", agentId = "agent-1") =>
    requireWriter(options(mode), { agentId, owner: "ada", token, ip: "ip" });

  test("its key and its owner's token may", async () => {
    expect(await write(key)).toBe("agent-key");
    expect(await write("hf_local_ada")).toBe("owner");
    expect(await write("hf_local_ada", "signed", "agent-2")).toBe("owner");
  });
  test("no token is 401, an unknown one too", async () => {
    await expect(write(null)).rejects.toThrow(code("UNAUTHORIZED"));
    await expect(write("hf_nobody")).rejects.toThrow(code("UNAUTHORIZED"));
  });
  test("somebody else's key or token is 403, an organiser's too", async () => {
    await expect(write(newAgentKey())).rejects.toThrow(code("IDENTITY_MISMATCH"));
    await expect(write(key, "signed", "agent-2")).rejects.toThrow(code("IDENTITY_MISMATCH"));
    await expect(write("hf_local_bob")).rejects.toThrow(code("IDENTITY_MISMATCH"));
    await expect(write("hf_local_organizer")).rejects.toThrow(code("IDENTITY_MISMATCH"));
  });
  test("an agent without a known owner can only be written for with its key", async () => {
    const request = { agentId: "agent-1", owner: undefined, ip: "ip" };
    expect(await requireWriter(options("signed"), { ...request, token: key })).toBe("agent-key");
    await expect(requireWriter(options("signed"), { ...request, token: "hf_local_ada" })).rejects.toThrow(
      code("IDENTITY_MISMATCH"),
    );
  });
  test("in an open collab everybody may, and is known by the key if there is one", async () => {
    expect(await write(null, "open")).toBe("unproven");
    expect(await write("hf_nobody", "open")).toBe("unproven");
    expect(await write(newAgentKey(), "open")).toBe("unproven");
    expect(await write(key, "open")).toBe("agent-key");
  });
});

describe("organisers", () => {
  test("admins of the organisation are, contributors and strangers are not, whatever e-mail they claim", async () => {
    const organisers = new Organisers({ hub, org: "demo", now: Date.now });
    expect(await organisers.isOrganiser({ name: "organizer", email: null })).toBe(true);
    expect(await organisers.isOrganiser({ name: "Organizer", email: "organizer@local.example" })).toBe(true);
    expect(await organisers.isOrganiser({ name: "ada", email: "ada@local.example" })).toBe(false);
    expect(await organisers.isOrganiser({ name: "ada", email: "organizer@local.example" })).toBe(false);
    expect(await organisers.isOrganiser({ name: "nobody", email: null })).toBe(false);
    await expect(organisers.requireOrganiser({ name: "ada", email: null }, "broadcast")).rejects.toThrow(
      code("NOT_ORGANIZER", { message: "Only organisers may broadcast: admins of demo." }),
    );
  });

  test("roles are asked for every five minutes at most", async () => {
    const time = { now: 0 };
    const organisers = new Organisers({ hub, org: "demo", now: () => time.now });
    calls = [];
    for (let i = 0; i < 5; i += 1) await organisers.isOrganiser({ name: "ada", email: null });
    expect(calls).toHaveLength(1);
    time.now += 301_000;
    await organisers.isOrganiser({ name: "ada", email: null });
    expect(calls).toHaveLength(2);
  });

  test("if the Hub does not answer, or does not tell roles, nobody is: 503 with Retry-After", async () => {
    const unavailable = code("ORGANIZER_CHECK_UNAVAILABLE", { retryAfterSeconds: 30 });
    const user = { name: "organizer", email: "organizer@local.example" };
    await expect(
      new Organisers({ hub: deadHub, org: "demo", now: Date.now }).isOrganiser(user),
    ).rejects.toThrow(unavailable);
    const missing = new Organisers({ hub, org: "no-such-org", now: Date.now });
    await expect(missing.isOrganiser(user)).rejects.toThrow(unavailable);
  });
});

describe("files of a scratch bucket", () => {
  const place = (path: string, bucket = "demo/gemma-ada") => ({ bucket, path });
  const limit = { maxBytes: 1000 };

  test("a file is read with its identity; its text keeps a byte order mark", async () => {
    const file = await readSource(hub, place("exp/a.md"), limit);
    expect(sourceText(file, place("exp/a.md"))).toBe("\ufeffhello");
    expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(await statSource(hub, place("exp/a.md"))).toMatchObject({ size: 8 });
  });
  test.each(["nothing.md", "", "exp", "exp/a.md/x"])("%j is SOURCE_NOT_FOUND", async (path) => {
    await expect(readSource(hub, place(path), limit)).rejects.toThrow(code("SOURCE_NOT_FOUND"));
    await expect(statSource(hub, place(path))).rejects.toThrow(code("SOURCE_NOT_FOUND"));
  });
  test("so is a bucket that does not exist", async () => {
    await expect(readSource(hub, place("x", "demo/gemma-none"), limit)).rejects.toThrow(
      code("SOURCE_NOT_FOUND"),
    );
    expect(await bucketExists(hub, "demo/gemma-none")).toBe(false);
    expect(await bucketExists(hub, "demo/gemma-ada")).toBe(true);
    expect(await readHandshake(hub, "demo/gemma-none")).toBeNull();
  });
  test("a file beyond the limit is 413", async () => {
    await expect(readSource(hub, place("exp/big.md"), limit)).rejects.toThrow(code("TOO_LARGE"));
  });
  test("other bytes than UTF-8 are INVALID_FRONTMATTER", async () => {
    const file = await readSource(hub, place("latin.md"), limit);
    expect(() => sourceText(file, place("latin.md"))).toThrow(code("INVALID_FRONTMATTER"));
  });
  test("the handshake is trimmed", async () => {
    expect(await readHandshake(hub, "demo/gemma-ada")).toBe("ada");
  });
  test("a folder holds its own files and not those of a folder with a longer name", async () => {
    const paths = async (path: string) =>
      (await listSource(hub, place(path), { maxFiles: 100 })).map((entry) => entry.path).sort();
    expect(await paths("exp")).toEqual(["exp/a.md", "exp/big.md"]);
    expect(await paths("exp/")).toEqual(["exp/a.md", "exp/big.md"]);
    expect(await paths("exp/a.md")).toEqual(["exp/a.md"]);
    expect(await paths("nothing")).toEqual([]);
  });
  test("a Hub that does not answer is 503 everywhere", async () => {
    const unavailable = code("HUB_UNAVAILABLE", { retryAfterSeconds: 10 });
    await expect(readSource(deadHub, place("exp/a.md"), limit)).rejects.toThrow(unavailable);
    await expect(statSource(deadHub, place("exp/a.md"))).rejects.toThrow(unavailable);
    await expect(listSource(deadHub, place("exp"), { maxFiles: 1 })).rejects.toThrow(unavailable);
    await expect(bucketExists(deadHub, "demo/gemma-ada")).rejects.toThrow(unavailable);
    await expect(readHandshake(deadHub, "demo/gemma-ada")).rejects.toThrow(unavailable);
  });
});
