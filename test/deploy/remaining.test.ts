import { expect, test } from "vitest";
import { fail, ok, warn } from "../../wizard/deploy/checks/check.ts";
import { remainingSteps } from "../../wizard/deploy/remaining.ts";

test("what is left for a person are the warnings that are tasks, with their address", () => {
  const checks = [
    ok("org", "fine"),
    warn("plan", "no plan", "Get one."),
    warn("invite", "Nobody can join", "Make a link at https://hub.example/settings"),
    fail("token", "never reaches a deployment", "…"),
  ];
  expect(remainingSteps({ checks })).toEqual([
    "Nobody can join: Make a link at https://hub.example/settings",
  ]);
});
