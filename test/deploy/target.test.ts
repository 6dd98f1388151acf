import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { endpointFrom, isLocalEndpoint, resolveTarget } from "../../wizard/deploy/target.ts";

const LOCAL = "http://127.0.0.1:7878";

describe("a token and a Hub", () => {
  test.each([
    ["of a local hub, both", LOCAL, "hf_local_ada", "fine"],
    ["of the real Hub, both", "", "hf_realtokenrealtoken", "fine"],
    ["a real token for a local hub", LOCAL, "hf_realtokenrealtoken", "warned"],
    ["a local token for the real Hub", "", "hf_local_ada", "refused"],
  ])("%s", async (_, HF_ENDPOINT, HF_TOKEN, outcome) => {
    const target = resolveTarget({ HF_ENDPOINT, HF_TOKEN });
    if (outcome === "refused") {
      await expect(target).rejects.toMatchObject({ code: "local_token" });
      return;
    }
    const { warning } = await target;
    expect(warning !== undefined).toBe(outcome === "warned");
    expect(warning ?? "").not.toContain(HF_TOKEN);
  });
});

describe("where the token comes from", () => {
  test.each([
    ["HF_TOKEN_PATH", (home: string) => ({ HF_TOKEN_PATH: join(home, "token") }), "token"],
    ["HF_HOME", (home: string) => ({ HF_HOME: home }), "token"],
    ["XDG_CACHE_HOME", (home: string) => ({ XDG_CACHE_HOME: home }), "huggingface/token"],
    ["HOME", (home: string) => ({ HOME: home }), ".cache/huggingface/token"],
  ])("%s, as the hf tool reads it", async (_, env, file) => {
    const home = await mkdtemp(join(tmpdir(), "collab-token-"));
    try {
      await mkdir(join(home, file, ".."), { recursive: true });
      await writeFile(join(home, file), "hf_local_fromfile\n");
      const found = await resolveTarget({ HF_ENDPOINT: LOCAL, ...env(home) });
      expect(found).toEqual({
        endpoint: LOCAL,
        token: "hf_local_fromfile",
        tokenSource: expect.stringContaining(file),
      });
      const fromEnv = await resolveTarget({ HF_ENDPOINT: LOCAL, HF_TOKEN: "hf_local_env", ...env(home) });
      expect(fromEnv.token).toBe("hf_local_env");
    } finally {
      await rm(home, { recursive: true, force: true });
    }
  });

  test("nowhere is an error that needs a person", async () => {
    await expect(resolveTarget({ HF_ENDPOINT: LOCAL, HF_TOKEN_PATH: "/nowhere" })).rejects.toMatchObject({
      code: "no_token",
      exitCode: 4,
      data: { status: "action_required" },
    });
  });
});

test.each([
  ["https://huggingface.co", false],
  ["http://127.0.0.1:7878", true],
  ["http://localhost:1", true],
  ["http://[::1]:1", true],
  ["http://127.0.0.1.evil.example", false],
  ["https://localhost.evil.example", false],
])("%s is local: %s", (endpoint, local) => {
  expect(isLocalEndpoint(endpoint)).toBe(local);
});

test("an endpoint loses its last slash, and has to be one", () => {
  expect(endpointFrom({ HF_ENDPOINT: "http://127.0.0.1:1/" })).toBe("http://127.0.0.1:1");
  expect(endpointFrom({})).toBe("https://huggingface.co");
  expect(() => endpointFrom({ HF_ENDPOINT: "ftp://x" })).toThrow(/HF_ENDPOINT/);
});
