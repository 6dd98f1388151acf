/** What the backend is told: `collab.yaml` and `deployment.json` beside its code, and its environment. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Collab } from "../../schema/collab.ts";
import { parseCollab } from "../../schema/parse.ts";

export interface Deployment {
  slug: string;
  /** Hash of the deployed files; `GET /v1/healthz` answers it. */
  version: string;
}

export interface Config {
  collab: Collab;
  collabFile: string;
  deployment: Deployment | null;
  hubEndpoint: string;
  hubToken: string;
  port: number;
  host: string;
  /** Where clients reach this backend: from `SPACE_HOST`; `null` where only the request can tell. */
  publicUrl: string | null;
  /** Proxies in front that append to `X-Forwarded-For`: 1 in a Space, else 0. */
  trustedProxies: number;
  /** Origins that may send credentials, besides the dashboard Space's own. */
  allowedOrigins: string[];
  /** OAuth apps that people sign in to, besides the dashboard Space's own: `OAUTH_CLIENT_IDS`. */
  oauthClientIds: string[];
  /** `METRICS=1`. */
  metrics: boolean;
}

/** A start that cannot work: its message is all a person needs. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ConfigError";
  }
}

const DeploymentSchema = z.looseObject({ slug: z.string(), version: z.string() });
const DEFAULT_PORT = 7860;

/** Reads everything. `codeFolder` is where the code lies: there, or at `COLLAB_FILE`, is `collab.yaml`. */
export function loadConfig(env: NodeJS.ProcessEnv, codeFolder: string): Config {
  const collabFile = env.COLLAB_FILE || join(codeFolder, "collab.yaml");
  const hubToken = env.HF_TOKEN?.trim();
  if (!hubToken)
    throw new ConfigError("HF_TOKEN is not set: the backend needs the organisers' token as a secret.");
  const port = Number(env.PORT || DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new ConfigError(`PORT "${env.PORT}" is no port.`);
  const spaceHost = env.SPACE_HOST?.trim();
  // A Space of a local hub is reached directly, without TLS and without a proxy.
  const isLoopback = /^(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::\d+)?$/.test(spaceHost ?? "");
  return {
    collab: readCollab(collabFile),
    collabFile,
    deployment: readDeployment(join(dirname(collabFile), "deployment.json")),
    hubEndpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    hubToken,
    port,
    host: env.HOST || "0.0.0.0",
    publicUrl: spaceHost ? `${isLoopback ? "http" : "https"}://${spaceHost}` : null,
    trustedProxies: Number(env.TRUSTED_PROXIES ?? (spaceHost && !isLoopback ? 1 : 0)) || 0,
    allowedOrigins: listOf(env.ALLOWED_ORIGINS),
    oauthClientIds: listOf(env.OAUTH_CLIENT_IDS),
    metrics: env.METRICS === "1",
  };
}

/** Items of a list with commas. */
function listOf(text: string | undefined): string[] {
  const items = (text ?? "").split(",").map((item) => item.trim());
  return items.filter((item) => item !== "");
}

/** Throws `ConfigError` with every problem of the file. */
export function readCollab(file: string): Collab {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    throw new ConfigError(`${file} cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
  const parsed = parseCollab(text, file);
  if (parsed.ok) return parsed.collab;
  const lines = parsed.problems.map(
    ({ line, column, path, message, fix }) => `${file}:${line}:${column} ${path} ${message} ${fix}`,
  );
  throw new ConfigError(lines.join("\n"));
}

function readDeployment(file: string): Deployment | null {
  try {
    const parsed = DeploymentSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
    return parsed.success ? parsed.data : null;
  } catch {
    // Not deployed but run from a folder: nothing depends on it but the version that health answers.
    return null;
  }
}
