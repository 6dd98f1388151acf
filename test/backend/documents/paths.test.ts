import { describe, expect, test } from "vitest";
import { parseSource, requireMarker, requirePath } from "../../../template/spaces/backend/documents/paths.ts";
import { requireTaskforceFilePath } from "../../../template/spaces/backend/documents/taskforce.ts";

const refusal = expect.objectContaining({ code: "INVALID_PATH" });
const collab = { org: "acme", slug: "gemma" };

describe("path components (api-v1.md A.4)", () => {
  test.each(["a", "a/", "a//", "a b", "a\\b", "é", "a:b", "*", "~", "\u007f"])("%j passes", (path) => {
    expect(requirePath(path, "path")).toBe(path);
  });
  test.each(["", "/a", "a//b", ".", "..", "./a", "a/..", "a/.b", "...", "a\tb", "a\0b", "//"])(
    "%j is refused",
    (path) => {
      expect(() => requirePath(path, "path")).toThrow(refusal);
    },
  );
});

describe("source URIs (api-v1.md 1.7)", () => {
  test.each([
    ["hf://buckets/acme/gemma-a/results/x y.md", "a", "results/x y.md"],
    ["hf://buckets/acme/gemma-a-1/exp/", "a-1", "exp/"],
    ["hf://buckets/acme/gemma-a", "a", ""],
    ["hf://buckets/acme/gemma-a/", "a", ""],
    ["hf://buckets/acme/gemma-a/a%2Fb", "a", "a%2Fb"],
  ])("%s is %s at %j", (uri, agentId, path) => {
    expect(parseSource(uri, collab)).toEqual({ agentId, bucket: `acme/gemma-${agentId}`, path, uri });
  });
  test.each([
    "HF://buckets/acme/gemma-a/x",
    "hf://models/acme/gemma-a/x",
    "hf://buckets/other/gemma-a/x",
    "hf://buckets/acme/other-a/x",
    "hf://buckets/acme/gemma-/x",
    "hf://buckets/acme/gemma-A/x",
    "hf://buckets/acme/gemma",
    "hf://buckets/acme/gemma-a/../x",
    "hf://buckets/acme/gemma-a//x",
    "hf://buckets/acme/gemma-a/.hidden",
    "hf://buckets/acme/gemma-a\n/x",
    "",
  ])("%j is refused", (uri) => {
    expect(() => parseSource(uri, collab)).toThrow(refusal);
  });
  test("another organisation is told the rule", () => {
    expect(() => parseSource("hf://buckets/other/gemma-a/x", collab)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining("hf://buckets/acme/gemma-<agent_id>/") }),
    );
  });
});

describe("the marker of an agent", () => {
  const isRegistered = (id: string) => ["a", "a-1", "abc", "victim"].includes(id);
  test.each(["curve_a.png", "_a", "x_a/y.json", "x_a_b.json", "plots/p_a"])("%s is that of a", (path) => {
    expect(() => requireMarker(path, "a", isRegistered)).not.toThrow();
  });
  test.each(["curve.png", "x_abc.json", "x_a-1.json", "a_bpe.json", "xa.json"])("%s is not", (path) => {
    expect(() => requireMarker(path, "a", isRegistered)).toThrow(refusal);
  });
  test("the marker of another agent beside one's own is refused", () => {
    expect(() => requireMarker("x_a/y_victim.md", "a", isRegistered)).toThrow(/_victim/);
    expect(() => requireMarker("x_a/y_nobody.md", "a", isRegistered)).not.toThrow();
  });
  test.each(["readme.MD", "x_a/README.md", "x_a/20990101-000000-000_a.md", "x_a/"])(
    "%s cannot be a named file of a taskforce",
    (path) => {
      expect(() => requireTaskforceFilePath(path, "a", isRegistered)).toThrow(refusal);
    },
  );
});
