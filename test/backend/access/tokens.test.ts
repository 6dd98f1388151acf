import { describe, expect, test } from "vitest";
import {
  agentKeyHash,
  agentKeyMatches,
  newAgentKey,
} from "../../../template/spaces/backend/access/agent-keys.ts";
import { bearerToken } from "../../../template/spaces/backend/access/bearer.ts";
import { BoundedMap } from "../../../template/spaces/backend/access/bounded-map.ts";

describe("bearer tokens (api-v1.md 1.10)", () => {
  test.each([
    ["Bearer x", "x"],
    ["bearer x", "x"],
    ["BEARER   x y  ", "x y"],
    ["Bearer\tx", "x"],
    [" Bearer x", "x"],
    ["Bearer ", null],
    ["Bearer", null],
    ["Basic x", null],
    ["Bearerx", null],
    ["", null],
    [null, null],
    [undefined, null],
  ])("%j holds %j", (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });
});

describe("agent keys", () => {
  test("a key matches its own hash and no other", () => {
    const key = newAgentKey();
    expect(key).toMatch(/^ack_[A-Za-z0-9_-]{43}$/);
    expect(agentKeyMatches(key, agentKeyHash(key))).toBe(true);
    expect(agentKeyMatches(newAgentKey(), agentKeyHash(key))).toBe(false);
    expect(agentKeyHash(key)).not.toContain(key.slice(4, 20));
  });
  test.each(["", "ack_", "ack_x", "x".repeat(47), "ack_é"])("%j matches nothing", (key) => {
    expect(agentKeyMatches(key, agentKeyHash(key))).toBe(false);
  });
  test("a damaged hash matches nothing", () => {
    const key = newAgentKey();
    for (const hash of ["", "00", agentKeyHash(key).toUpperCase(), `${agentKeyHash(key)}0`]) {
      expect(agentKeyMatches(key, hash)).toBe(false);
    }
  });
});

test("a bounded map forgets what was not used for longest", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  map.get("a");
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([1, undefined, 3, 2]);
});
