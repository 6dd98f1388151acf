import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  authorsOfRefs,
  mentionsIn,
  recipientsOf,
} from "../../../template/spaces/backend/documents/mentions.ts";
import { isId } from "../../../template/spaces/backend/documents/naming.ts";
import { YamlFloat, type YamlValue } from "../../../template/spaces/backend/documents/yaml-values.ts";

const LONG = "x".repeat(40);
const registered = new Set(["agent", "agent-1", "agent-1-x", "a", LONG]);
const to = (body: string, refs?: YamlValue, cap = 10) =>
  recipientsOf({ author: "z", body, refs, isRegistered: (id) => registered.has(id), cap });

describe("mentions (api-v1.md A.5)", () => {
  test.each([
    ["@agent-1-", ["agent-1"]],
    ["@agent-1.md", ["agent-1"]],
    ["(@agent-1),", ["agent-1"]],
    ["@agent_1", ["agent"]],
    ["@@agent", ["agent"]],
    ["`@agent`", ["agent"]],
    ["/@agent", ["agent"]],
    ["#@agent", ["agent"]],
    ["=@agent", ["agent"]],
    ["<@agent>", ["agent"]],
    ["é@agent", ["agent"]],
    ["@agent@a", ["agent"]],
    ["@agent.", ["agent"]],
    ["@aB", ["a"]],
    ["@a@agent", ["a"]],
    [`@${"x".repeat(41)}`, [LONG]],
    ["@human-foo_bar", ["human-foo"]],
    ["@human-a.b", ["human-a"]],
    ["@human-x-", ["human-x"]],
    ["@z", []],
    ["@agent @agent", ["agent"]],
  ])("%j reaches %j", (body, recipients) => {
    expect(to(body)).toEqual(recipients);
  });

  test.each([
    "-@agent",
    "_@agent",
    "1@agent",
    "x.y@agent",
    "@agent-1x",
    "@agent-1--x",
    "@AGENT",
    "@-agent",
    "@ agent",
    "@human",
    "@human-",
    "@human-Foo",
    "@nobody",
  ])("%j reaches nobody", (body) => {
    expect(to(body)).toEqual([]);
  });

  test("a human does not reach himself", () => {
    const recipients = recipientsOf({
      author: "human-x",
      body: "@human-x @a",
      refs: undefined,
      isRegistered: () => true,
      cap: 10,
    });
    expect(recipients).toEqual(["a"]);
  });

  test("at most as many as the cap, the first ones", () => {
    expect(to("@a @agent @agent-1", undefined, 2)).toEqual(["a", "agent"]);
    expect(to("@a", undefined, 0)).toEqual([]);
  });

  test("every mention has the form of an id, whatever the text", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[@a-z0-9A-Z._%+\- é\n]{0,80}$/), (body) => {
        for (const id of mentionsIn(body)) expect(isId(id)).toBe(true);
      }),
    );
  });

  test("an id between spaces is always found", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/), fc.string(), (id, before) => {
        expect(mentionsIn(`${before} @${id} and more`)).toContain(id);
      }),
    );
  });
});

describe("refs (api-v1.md A.5)", () => {
  const F = "20260601-100000-000";
  test.each<[YamlValue, string[]]>([
    [`${F}_agent.md`, ["agent"]],
    [`${F}_agent.md,${F}_a.md ${F}_agent-1.md`, ["agent", "a", "agent-1"]],
    [[` ${F}_agent.md `], ["agent"]],
    [[null, 5, `${F}_agent.md`], ["agent"]],
    ["agent.md", ["agent"]],
    ["2026_agent.md", ["agent"]],
    [`message_board/${F}_agent.md`, ["agent"]],
    [`results/${F}_agent.md`, ["agent"]],
    ["agents/agent.md", ["agent"]],
    [[`${F}_agent.md ${F}_a.md`], []],
    [`${F}_agent.md;${F}_a.md`, ["a"].slice(1)],
    [`${F}_agent`, []],
    [`${F}_agent.MD`, []],
    [`${F}_Agent.md`, []],
    ["x_agent.md", []],
    [new Map([["a", `${F}_agent.md`]]), []],
    [5, []],
    [new YamlFloat(5), []],
    [true, []],
    [null, []],
  ])("%j reaches %j", (refs, recipients) => {
    expect(to("", refs)).toEqual(recipients);
  });

  test("mentions come before refs", () => {
    expect(to("@a", `${F}_agent.md`)).toEqual(["a", "agent"]);
    expect(authorsOfRefs(`${F}_human-x.md`)).toEqual(["human-x"]);
  });
});
