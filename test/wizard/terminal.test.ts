import { AGENT_HARNESSES, STANDARD_AGENT_ENV_VARS } from "@huggingface/tasks";
import { describe, expect, test } from "vitest";
import { HubError } from "../../template/hub/errors.ts";
import { closest, editDistance } from "../../template/schema/suggest.ts";
import { canPrompt, isAgent } from "../../wizard/terminal/detect.ts";
import { UserError } from "../../wizard/terminal/errors.ts";
import { createOutput, resolveMode, type TextStream } from "../../wizard/terminal/output.ts";
import { packageManager, runScript } from "../../wizard/terminal/package-manager.ts";
import { describeError, printError } from "../../wizard/terminal/report-error.ts";
import { printable, shellWord } from "../../wizard/terminal/text.ts";

class Recorder implements TextStream {
  text = "";
  readonly isTTY: boolean;
  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }
  write(text: string): void {
    this.text += text;
  }
}

describe("who is there", () => {
  /** Editors, terminals and services that people type in as well. */
  const PEOPLE_TOO = new Set(["warp", "zed", "cursor", "replit"]);
  const harnesses = Object.entries(AGENT_HARNESSES).flatMap(([name, harness]) =>
    Object.entries("envVars" in harness ? harness.envVars : {}).map(
      ([variable, value]) => [name, variable, value === "*" ? "1" : value] as const,
    ),
  );

  test.each(harnesses)("%s (%s=%s)", (name, variable, value) => {
    expect(isAgent({ [variable]: value })).toBe(!PEOPLE_TOO.has(name));
  });

  test.each(STANDARD_AGENT_ENV_VARS)("%s", (variable) => {
    expect(isAgent({ [variable]: "something-new" })).toBe(true);
  });

  test("nobody is asked without a terminal at both ends, in CI, by an agent, or when told not to", () => {
    const at = (env: Record<string, string>, stdin = true, stderr = true, forced?: boolean) =>
      canPrompt({
        env,
        stdinIsTerminal: stdin,
        stderrIsTerminal: stderr,
        ...(forced === undefined ? {} : { forced }),
      });
    expect(at({})).toBe(true);
    expect(at({}, false)).toBe(false);
    expect(at({}, true, false)).toBe(false);
    expect(at({ CI: "true" })).toBe(false);
    expect(at({ CI: "false" })).toBe(true);
    expect(at({ CLAUDECODE: "1" })).toBe(false);
    expect(at({ TERM: "dumb" })).toBe(false);
    expect(at({}, true, true, false)).toBe(false);
    expect(at({ CI: "1" }, false, false, true)).toBe(true);
  });
});

describe("output", () => {
  const show = (mode: "human" | "agent" | "json" | "quiet", env = {}) => {
    const [stdout, stderr] = [new Recorder(true), new Recorder(true)];
    const out = createOutput({ mode, stdout, stderr, env });
    out.note("on the way");
    out.warn("careful hf_local_ada");
    out.result({ json: { id: 7 }, human: out.paint("red", "Seven."), agent: "id=7", quiet: "7" });
    return { stdout: stdout.text, stderr: stderr.text };
  };

  test("human: colour on a terminal, notes on stderr", () => {
    const { stdout, stderr } = show("human");
    expect(stdout).toBe("\u001b[31mSeven.\u001b[39m\n");
    expect(stderr).toContain("on the way\n");
  });

  test.each([{ NO_COLOR: "1" }, { TERM: "dumb" }])("human with %j: no escape sequence", (env) => {
    expect(show("human", env).stdout).toBe("Seven.\n");
  });

  test("agent, json and quiet: data only, no escape sequence", () => {
    expect(show("agent").stdout).toBe("id=7\n");
    expect(JSON.parse(show("json").stdout)).toEqual({ ok: true, schema_version: 1, id: 7 });
    expect(show("quiet")).toEqual({ stdout: "7\n", stderr: "Warning: careful hf_***\n" });
    for (const mode of ["agent", "json", "quiet"] as const) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for escape sequences is the test
      expect(show(mode).stdout + show(mode).stderr).not.toMatch(/\u001b/);
    }
  });

  test("auto is agent where one is detected, else human", () => {
    expect(resolveMode("auto", {})).toBe("human");
    expect(resolveMode("auto", { AI_AGENT: "x" })).toBe("agent");
    expect(resolveMode("human", { AI_AGENT: "x" })).toBe("human");
  });
});

describe("errors", () => {
  test.each<[status: number, code: string, fix: RegExp]>([
    [0, "hub_unreachable", /network/],
    [401, "hub_unauthorized", /hf auth login/],
    [402, "hub_payment", /plan/],
    [403, "hub_forbidden", /scopes/],
    [404, "hub_not_found", /collab\.yaml/],
    [409, "hub_conflict", /again/],
    [418, "hub_refused", /--debug/],
    [429, "hub_rate_limited", /Wait 7 seconds/],
    [503, "hub_down", /status\.huggingface\.co/],
  ])("status %i of the Hub becomes %s with what to do", (status, code, fix) => {
    const report = describeError(new HubError("no", { status, call: "GET /x", retryAfterSeconds: 7 }));
    expect(report).toMatchObject({ code, exitCode: 1, fix: expect.stringMatching(fix) });
  });

  test.each(["EACCES", "EROFS", "ENOSPC", "EADDRINUSE"])("%s of the system is explained", (code) => {
    const error = Object.assign(new Error(`${code}: /x`), { code, path: "/x" });
    expect(describeError(error)).toMatchObject({ code: code.toLowerCase(), exitCode: 1 });
  });

  test("a bug of ours says so", () => {
    expect(describeError(new TypeError("x is undefined"))).toMatchObject({
      code: "internal",
      fix: expect.stringMatching(/--debug/),
    });
  });

  test("control sequences and tokens from elsewhere are not printed", () => {
    const error = new UserError({ code: "x", message: `bad \u001b[2J\u0007 hf_local_ada \u202e`, fix: "y" });
    const [stdout, stderr] = [new Recorder(), new Recorder()];
    printError(error, { mode: "human", stdout, stderr, debug: true, paint: (text) => text });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: looking for them is the test
    expect(stderr.text).not.toMatch(/\u001b|\u0007|\u202e|hf_local_ada/);
  });

  test("causes show with --debug", () => {
    const [stdout, stderr] = [new Recorder(), new Recorder()];
    const error = new UserError({
      code: "x",
      message: "outer",
      cause: new HubError("inner", { status: 500, call: "GET /y" }),
    });
    printError(error, { mode: "human", stdout, stderr, debug: true, paint: (text) => text });
    expect(stderr.text).toMatch(/Caused by: HubError: inner[\s\S]*call: GET \/y, status 500/);
  });
});

describe("words", () => {
  test.each([
    ["chek", "check"],
    ["CREATE", "create"],
    ["deplyo", "deploy"],
    ["xyz", undefined],
    ["", undefined],
  ])("%s: did you mean %s?", (typed, meant) => {
    expect(closest(typed, ["check", "create", "deploy"])).toBe(meant);
  });

  test("a swap counts once", () => expect(editDistance("deplyo", "deploy")).toBe(1));

  test.each([
    ["my-collab", "my-collab"],
    ["my collab", "'my collab'"],
    ["it's", `'it'\\''s'`],
    ["", "''"],
    ["$(x)", "'$(x)'"],
  ])("%s in a shell is %s", (text, word) => expect(shellWord(text)).toBe(word));

  test("printable keeps line breaks and emoji", () => expect(printable("a\n🎉\tb")).toBe("a\n🎉\tb"));
});

describe("package managers", () => {
  test.each([
    ["npm/11.0.0 node/v24", "npm", "npm run dev -- --x"],
    ["pnpm/10.1 npm/? node/v24", "pnpm", "pnpm run dev --x"],
    ["yarn/4.0.0 npm/?", "yarn", "yarn run dev --x"],
    ["bun/1.2.0", "bun", "bun run dev --x"],
    ["something/1", "npm", "npm run dev -- --x"],
  ])("%s is %s", (agent, manager, line) => {
    const found = packageManager({ npm_config_user_agent: agent }, ["/nowhere"]);
    expect([found, runScript(found, "dev", "--x")]).toEqual([manager, line]);
  });
});
