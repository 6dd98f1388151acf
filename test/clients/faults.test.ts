/** Each kind of fault, as the real `hf` lives through it or reports it. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "../local-hub/support.ts";
import { Participant } from "../support/hf-cli.ts";

const CONTENT = "all work and no play ".repeat(5_000);

describe("with the hub in trouble, hf", () => {
  let hub: LocalHub;
  let ada: Participant;
  let uploads = 0;

  beforeAll(async () => {
    hub = await startLocalHub();
    ada = await Participant.create(hub.url, "hf_local_ada");
    await ada.hfOk(["buckets", "create", "ada/box"]);
    await ada.hfOk(["buckets", "cp", "-", "hf://buckets/ada/box/there.txt"], CONTENT);
  });
  afterAll(async () => {
    await ada?.[Symbol.asyncDispose]();
    await hub?.close();
  });
  beforeEach(() => call(hub, "/_emulator/faults", { method: "DELETE" }));

  const setFault = (rule: object) => call(hub, "/_emulator/faults", { method: "POST", json: rule });
  const applied = async () => {
    const { faults } = (await (await call(hub, "/_emulator/faults")).json()) as {
      faults: { applied: number }[];
    };
    return faults.map((fault) => fault.applied);
  };
  const upload = (path: string) => {
    uploads++;
    return ada.hf(["buckets", "cp", "-", `hf://buckets/ada/box/${path}`], `${CONTENT} ${uploads} ${path}`);
  };
  const exists = async (path: string) => {
    const json = { paths: [path] };
    const response = await call(hub, "/api/buckets/ada/box/paths-info", { method: "POST", as: "ada", json });
    return ((await response.json()) as object[]).length === 1;
  };

  it.each([
    ["a rate limit on the batch", { kind: "status", status: 429, path: "/api/buckets/*/*/batch", count: 1 }],
    ["an outage of the batch", { kind: "status", status: 503, path: "/api/buckets/*/*/batch", count: 2 }],
    ["a cut connection to the batch", { kind: "reset", path: "/api/buckets/*/*/batch", count: 1 }],
    ["a batch whose answer is lost", { kind: "lost", path: "/api/buckets/*/*/batch", count: 1 }],
    [
      "a batch whose connection dies after it",
      { kind: "lost", cut: true, path: "/api/buckets/*/*/batch", count: 1 },
    ],
    ["a slow storage", { kind: "delay", delayMs: 1_000, path: "/xet/**", count: 3 }],
    ["an outage of the storage", { kind: "status", status: 503, path: "/xet/*/v1/xorbs/**", count: 1 }],
    ["a cut connection to the storage", { kind: "reset", path: "/xet/*/v1/xorbs/**", count: 1 }],
    ["a shard whose answer is lost", { kind: "lost", path: "/xet/*/v1/shards", count: 1 }],
  ])("uploads through %s", async (name, rule) => {
    await setFault(rule);
    const path = `${name.replaceAll(" ", "-")}.txt`;
    const { code, stderr, stdout } = await upload(path);
    expect([code, await exists(path)], stdout + stderr).toEqual([0, true]);
    expect(await applied()).toEqual([rule.count]);
  });

  it.each([
    ["a failed entry", { kind: "batch_entry", entry: "*.txt" }],
    ["a storage that refuses its tokens", { kind: "xet_token_expired" }],
    ["a hub that forbids it", { kind: "status", status: 403, path: "/api/buckets/*/*/batch" }],
  ])("reports %s, and nothing is there", async (name, rule) => {
    await setFault(rule);
    const path = `${name.replaceAll(" ", "-")}.txt`;
    const { code, stderr, stdout } = await upload(path);
    expect(code, stdout + stderr).not.toBe(0);
    expect(await exists(path)).toBe(false);
    expect(await applied()).not.toEqual([0]);
  });

  it.each([
    ["truncated data", { kind: "truncate", afterBytes: 1_000, path: "/xet/*/v1/data/**", count: 1 }],
    ["a cut connection", { kind: "reset", path: "/xet/*/v1/data/**", count: 1 }],
    [
      "an outage of the storage",
      { kind: "status", status: 500, path: "/xet/*/v2/reconstructions/**", count: 1 },
    ],
    ["an outage of the hub", { kind: "status", status: 502, path: "/buckets/ada/box/resolve/**", count: 1 }],
  ])("downloads whole files through %s", async (_, rule) => {
    await setFault(rule);
    const { code, stdout, stderr } = await ada.hf(["buckets", "cp", "hf://buckets/ada/box/there.txt", "-"]);
    expect(code, stderr).toBe(0);
    expect(stdout.includes(CONTENT)).toBe(true);
    expect(await applied()).toEqual([1]);
  });
});
