import { describe, expect, test } from "vitest";
import { planSpace, SpaceFault } from "../../../wizard/local-hub/spaces/space-plan.ts";

const plan = (card: string, files: Record<string, string> = {}) =>
  planSpace((path) => ({ "README.md": `---\n${card}\n---\n`, ...files })[path] ?? null, {});
const fault = (card: string, files: Record<string, string> = {}) => {
  try {
    plan(card, files);
  } catch (error) {
    if (error instanceof SpaceFault) return [error.stage, error.message];
  }
  throw new Error("no fault");
};
const DOCKERFILE = "FROM x\nCMD x";

describe("the plan of a Space", () => {
  test("has the README's port, title, timeout and sign-in", () => {
    const card = `title: T
sdk: docker
app_port: 8080
startup_duration_timeout: 1h
hf_oauth: true
hf_oauth_scopes: [email]`;
    expect(plan(card, { Dockerfile: DOCKERFILE })).toMatchObject({
      title: "T",
      oauthScopes: ["openid", "profile", "email"],
      run: { sdk: "docker", appPort: 8080, startupMs: 3_600_000 },
    });
  });

  test("has the Hub's defaults", () => {
    expect(plan("sdk: docker", { Dockerfile: DOCKERFILE })).toMatchObject({
      title: null,
      oauthScopes: null,
      run: { appPort: 7860, startupMs: 1_800_000 },
    });
    expect(plan("sdk: static", { "index.html": "" }).run).toEqual({
      sdk: "static",
      appFile: "index.html",
      headers: {},
    });
  });

  test.each([
    ["sdk: docker", {}, "NO_APP_FILE", "no Dockerfile"],
    ["sdk: docker", { Dockerfile: "FROM x" }, "BUILD_ERROR", "CMD"],
    ["sdk: static", {}, "NO_APP_FILE", "no index.html"],
    ["sdk: static\napp_file: dist/x.html", {}, "NO_APP_FILE", "no dist/x.html"],
    [
      "sdk: static\napp_build_command: npm run build",
      { "index.html": "" },
      "BUILD_ERROR",
      "app_build_command",
    ],
    ["sdk: gradio", {}, "CONFIG_ERROR", "gradio"],
    ["sdk: cobol", {}, "CONFIG_ERROR", "sdk"],
    ["title: x", {}, "CONFIG_ERROR", "sdk"],
    ["sdk: docker\napp_port: high", {}, "CONFIG_ERROR", "app_port"],
    ["sdk: [", {}, "CONFIG_ERROR", "YAML"],
  ])("of %j with %j is %s: %s", (card, files, stage, word) => {
    expect(fault(card, files as Record<string, string>)).toEqual([stage, expect.stringContaining(word)]);
  });

  test("without a README is a configuration error", () => {
    expect(() => planSpace(() => null, {})).toThrow("no README.md");
  });
});
