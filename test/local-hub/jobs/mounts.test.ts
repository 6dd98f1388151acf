import { expect, test } from "vitest";
import { rewritePaths } from "../../../wizard/local-hub/jobs/rewrite-paths.ts";

const mounts = [
  { mountPath: "/state", folder: "/hub/0", readOnly: false },
  { mountPath: "/state/inner", folder: "/hub/1", readOnly: false },
  { mountPath: "/a.b", folder: "/hub/2", readOnly: true },
];

test.each([
  ["/state", "/hub/0"],
  ["/state/x.json", "/hub/0/x.json"],
  ["cat /state/x /state/y", "cat /hub/0/x /hub/0/y"],
  ["--out=/state", "--out=/hub/0"],
  ["PATHS=/state:/a.b", "PATHS=/hub/0:/hub/2"],
  ["open('/state/x')", "open('/hub/0/x')"],
  ["/state/inner/x", "/hub/1/x"],
  ["/state/innermost", "/hub/0/innermost"],
  ["/stateful", "/stateful"],
  ["/state-of-the-art", "/state-of-the-art"],
  ["/my/state", "/my/state"],
  ["https://host/state", "https://host/state"],
  ["/aXb", "/aXb"],
  ["", ""],
])("%j becomes %j", (text, expected) => {
  expect(rewritePaths(text, mounts)).toBe(expected);
});

test("without volumes nothing changes", () => {
  expect(rewritePaths("/state", [])).toBe("/state");
});
