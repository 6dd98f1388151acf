/** What a Space's README and Dockerfile ask to be run. Pure: files in, plan or reason out. */
import { readCard } from "../repos/card.ts";
import { DockerfileError, type DockerImage, readDockerfile } from "./dockerfile.ts";

/** Why a Space cannot run, with the stage that says so. */
export class SpaceFault extends Error {
  readonly stage: "NO_APP_FILE" | "CONFIG_ERROR" | "BUILD_ERROR" | "RUNTIME_ERROR";
  constructor(stage: SpaceFault["stage"], message: string) {
    super(message);
    this.stage = stage;
  }
}

export interface SpacePlan {
  title: string | null;
  /** Scopes to ask for when the Space lets people sign in; `null` when it does not. */
  oauthScopes: string[] | null;
  run:
    | { sdk: "docker"; image: DockerImage; appPort: number; startupMs: number }
    | { sdk: "static"; appFile: string; headers: Record<string, string> };
}

const DEFAULT_APP_PORT = 7860;
const DEFAULT_STARTUP_MS = 30 * 60_000;
const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const CUSTOM_HEADERS = [
  "cross-origin-embedder-policy",
  "cross-origin-opener-policy",
  "cross-origin-resource-policy",
];

/** Throws `SpaceFault`. `read` gives the text of a file, `null` where there is none. */
export function planSpace(
  read: (path: string) => string | null,
  variables: Record<string, string>,
): SpacePlan {
  const readme = read("README.md");
  if (readme === null)
    throw new SpaceFault("CONFIG_ERROR", "Missing configuration: the Space has no README.md");
  const { data, errors } = readCard(readme, "space");
  if (errors.length > 0) throw new SpaceFault("CONFIG_ERROR", `README.md: ${errors.join("; ")}`);
  const common = {
    title: typeof data.title === "string" ? data.title : null,
    oauthScopes: data.hf_oauth === true ? oauthScopes(data.hf_oauth_scopes) : null,
  };
  if (data.sdk === "static") {
    const appFile = typeof data.app_file === "string" ? data.app_file : "index.html";
    if (data.app_build_command !== undefined) {
      throw new SpaceFault(
        "BUILD_ERROR",
        "The local hub does not run app_build_command: commit the built files, and name the page as app_file",
      );
    }
    if (read(appFile) === null) throw new SpaceFault("NO_APP_FILE", `The Space has no ${appFile}`);
    return { ...common, run: { sdk: "static", appFile, headers: customHeaders(data.custom_headers) } };
  }
  if (data.sdk !== "docker") {
    throw new SpaceFault(
      "CONFIG_ERROR",
      `The local hub runs docker and static Spaces, not sdk: ${String(data.sdk)}`,
    );
  }
  const dockerfile = read("Dockerfile");
  if (dockerfile === null) throw new SpaceFault("NO_APP_FILE", "The Space has no Dockerfile");
  return {
    ...common,
    run: {
      sdk: "docker",
      image: imageOf(dockerfile, variables),
      appPort: typeof data.app_port === "number" ? data.app_port : DEFAULT_APP_PORT,
      startupMs: durationMs(data.startup_duration_timeout) ?? DEFAULT_STARTUP_MS,
    },
  };
}

function imageOf(dockerfile: string, variables: Record<string, string>): DockerImage {
  try {
    return readDockerfile(dockerfile, variables);
  } catch (error) {
    if (error instanceof DockerfileError) throw new SpaceFault("BUILD_ERROR", error.message);
    throw error;
  }
}

function oauthScopes(scopes: unknown): string[] {
  const asked = Array.isArray(scopes) ? scopes.map(String) : [];
  return [...new Set(["openid", "profile", ...asked])];
}

/** `30m`, `1h`, `90s`; `null` for anything else. */
function durationMs(text: unknown): number | null {
  const match = /^(\d+)\s*([smhd])$/.exec(String(text ?? ""));
  return match === null ? null : Number(match[1]) * (UNIT_MS[match[2] as string] as number);
}

function customHeaders(headers: unknown): Record<string, string> {
  if (typeof headers !== "object" || headers === null) return {};
  return Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => CUSTOM_HEADERS.includes(name.toLowerCase()))
      .map(([name, value]) => [name, String(value)]),
  );
}
