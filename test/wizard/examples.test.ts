import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";

const EXAMPLES = resolve(import.meta.dirname, "../../examples");

describe("examples", async () => {
  test.each(await readdir(EXAMPLES))("%s passes check --strict", async (name) => {
    const checked = await runCli(["check", join(EXAMPLES, name), "--strict"]);
    expect(checked, checked.stderr).toMatchObject({ code: 0 });
  });
});
