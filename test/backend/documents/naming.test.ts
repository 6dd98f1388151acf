import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CollabSchema } from "../../../template/schema/collab.ts";
import { authorOf } from "../../../template/spaces/backend/documents/filenames.ts";
import {
  humanHandle,
  isHumanHandle,
  isId,
  requireId,
  requireUnreserved,
  reservedIds,
} from "../../../template/spaces/backend/documents/naming.ts";

const refusal = expect.objectContaining({ code: "INVALID_PATH" });
const config = CollabSchema.parse({
  collab: { slug: "gemma", title: "T", org: "acme" },
  verification: { mode: "jobs", agent: "judge" },
  resources: { dashboard_space: "acme/gemma-board" },
});

test.each([
  ["20260601-100000-000_a.md", "a"],
  ["20260608-212040_human-x_ab12cd34.md", "human-x_ab12cd34"],
  ["2026_foo.md", "foo"],
  ["1_b_c.md", "b_c"],
  ["12345678x_b.md", "b"],
  ["1234567x_b.md", "1234567x_b"],
  ["a.md", "a"],
  ["README.md", "README"],
  ["_foo.md", "_foo"],
  ["survey_agent-1.md", "survey_agent-1"],
  ["20260601-100000-000_.md", ""],
  ["20260601-100000-000_a", "a"],
])("the author of %s is %j (api-v1.md A.3)", (filename, author) => {
  expect(authorOf(filename)).toBe(author);
});

test("the author of a stamped name is whoever it was stamped for", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/), (id) => {
      expect(isId(id)).toBe(true);
      expect(authorOf(`20260601-100000-000_${id}.md`)).toBe(id);
    }),
  );
});

describe("ids", () => {
  test.each(["a", "a-1", "a--b", "0", "x".repeat(40)])("%s is one", (id) => {
    expect(requireId(id)).toBe(id);
  });
  test.each(["", "-a", "a-", "a_b", "x".repeat(41), "a\n", "é", "a b"])("%j is none", (id) => {
    expect(() => requireId(id)).toThrow(refusal);
  });
  test("uppercase is told the lowercase form", () => {
    expect(() => requireId("Agent-1")).toThrow(expect.objectContaining({ hint: "Use lowercase: agent-1" }));
  });
  test.each([
    "human",
    "human-",
    "human-x",
    "main-bucket",
    "audit",
    "backend",
    "dashboard",
    "board",
    "eval",
    "judge",
  ])("%s cannot be registered", (id) => {
    expect(() => requireUnreserved(id, reservedIds(config))).toThrow(refusal);
  });
  test("others can", () => {
    expect(() => requireUnreserved("humane", reservedIds(config))).not.toThrow();
  });
});

describe("handles of humans", () => {
  test.each([
    ["Ada", "human-ada"],
    ["test-user", "human-test-user"],
  ])("%s is %s", (name, handle) => {
    expect(humanHandle(name)).toBe(handle);
  });

  test("every name gets a legal handle of its own", () => {
    const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,60}$/);
    fc.assert(
      fc.property(name, name, (one, other) => {
        const handle = humanHandle(one);
        expect(isId(handle)).toBe(true);
        expect(isHumanHandle(handle)).toBe(true);
        expect(handle === humanHandle(other)).toBe(one.toLowerCase() === other.toLowerCase());
      }),
    );
    expect(humanHandle("foo_bar")).toMatch(/^human-foo-bar--[0-9a-f]{10}$/);
    expect(new Set(["foo_bar", "foo.bar", "foo-bar"].map(humanHandle)).size).toBe(3);
  });

  test.each(["human", "human-", "humanx"])("%s is none", (id) => {
    expect(isHumanHandle(id)).toBe(false);
  });
});
