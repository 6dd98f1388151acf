/** Which Hub a command works on, and as whom: as the `hf` tool decides it (hub-wire.md 1.1). */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Env } from "../terminal/detect.ts";
import { actionRequired, UserError } from "../terminal/errors.ts";

export const HUGGING_FACE = "https://huggingface.co";
const LOCAL_TOKEN = /^hf_local_/;

export interface Target {
  /** No trailing slash. */
  endpoint: string;
  token: string;
  /** Where the token came from, for people: never the token. */
  tokenSource: string;
  /** Something odd about the two together that is no error. */
  warning?: string;
}

export function endpointFrom(env: Env): string {
  const endpoint = (env.HF_ENDPOINT || HUGGING_FACE).replace(/\/+$/, "");
  if (!URL.canParse(endpoint) || !/^https?:$/.test(new URL(endpoint).protocol)) {
    throw new UserError({
      code: "bad_endpoint",
      message: `HF_ENDPOINT is not a web address: ${endpoint}`,
      fix: "Unset HF_ENDPOINT for huggingface.co, or set it to the address that `agent-collab dev` prints.",
    });
  }
  return endpoint;
}

export function isLocalEndpoint(endpoint: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[::1\]|.*\.localhost)$/.test(new URL(endpoint).hostname);
}

/** May a token be sent to `host`, which a Hub named? Only encrypted, or on this machine if the Hub is there too. */
export function isSafeHost(host: string, endpoint: string): boolean {
  return new URL(host).protocol === "https:" || (isLocalEndpoint(endpoint) && isLocalEndpoint(host));
}

/** Environment first, then the file that `hf auth login` writes. Throws (exit 4) when there is no token. */
export async function resolveTarget(env: Env): Promise<Target> {
  const endpoint = endpointFrom(env);
  const found = tokenFromEnv(env) ?? (await tokenFromFile(env));
  if (!found) throw noToken(endpoint);
  if (LOCAL_TOKEN.test(found.token) && !isLocalEndpoint(endpoint)) {
    throw new UserError({
      code: "local_token",
      message: `${found.tokenSource} holds a token of a local hub, but the target is ${endpoint}.`,
      fix: "Set HF_ENDPOINT to the local hub's address, or use a token of that Hub.",
    });
  }
  if (!LOCAL_TOKEN.test(found.token) && isLocalEndpoint(endpoint)) {
    const warning = `${found.tokenSource} holds a token that is not of a local hub, and it is sent to ${endpoint}.`;
    return { endpoint, ...found, warning };
  }
  return { endpoint, ...found };
}

function tokenFromEnv(env: Env) {
  for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
    const token = env[name]?.trim();
    if (token) return { token, tokenSource: `the environment variable ${name}` };
  }
  return undefined;
}

async function tokenFromFile(env: Env) {
  const cache = env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache");
  const file = env.HF_TOKEN_PATH || join(env.HF_HOME || join(cache, "huggingface"), "token");
  const token = (await readFile(file, "utf8").catch(() => "")).trim();
  return token ? { token, tokenSource: `the file ${file}` } : undefined;
}

function noToken(endpoint: string): UserError {
  const fix =
    endpoint === HUGGING_FACE
      ? "Make a fine-grained token at https://huggingface.co/settings/tokens and run `hf auth login`, or set HF_TOKEN."
      : "Set HF_TOKEN; a local hub's banner lists its tokens.";
  return actionRequired({
    code: "no_token",
    message: `There is no token for ${endpoint}.`,
    fix,
    reason: "no_token",
    next: [{ command: "agent-collab doctor", when: "the token is set" }],
  });
}
