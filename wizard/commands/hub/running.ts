/** The hub that runs on a data folder, and what one asks of it. */
import { findRunningHub, type RunningHub } from "../../local-hub/lock.ts";
import { UserError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import { dataDirOf } from "./options.ts";

const REQUEST_TIMEOUT_MS = 60_000;

/** Throws when no hub has the folder open. */
export function requireRunningHub(flags: { data: string }, cli: Cli): RunningHub {
  const dataDir = dataDirOf(flags, cli.cwd);
  const hub = findRunningHub(dataDir);
  if (hub) return hub;
  throw new UserError({
    code: "hub_not_running",
    message: `No local hub runs on ${dataDir}.`,
    fix: `Start one with ${cli.programName} hub start --data ${flags.data}, or name its folder with --data.`,
  });
}

/** A request to the hub's own routes; its errors become errors of the command line. */
export async function askHub<T>(
  { url }: Pick<RunningHub, "url">,
  path: string,
  options: { method?: "GET" | "POST" | "DELETE"; json?: unknown } = {},
): Promise<T> {
  const { method = "GET", json } = options;
  const response = await fetch(url + path, {
    method,
    ...(json !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(json),
    }),
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    throw new UserError({
      code: "hub_unreachable",
      message: `The local hub at ${url} does not answer.`,
      cause,
    });
  });
  const body = (await response.json().catch(() => ({}))) as T & { error?: string };
  if (!response.ok) {
    const message = body.error ?? `The local hub answered ${response.status}.`;
    throw new UserError({ code: "hub_refused", message: /[.!?]$/.test(message) ? message : `${message}.` });
  }
  return body;
}
