/** The one place that turns an error into text or JSON and says which exit code it means. */
import { HubError } from "../../template/hub/errors.ts";
import { maskSecrets } from "../../template/schema/secrets.ts";
import { EXIT, type ExitCode, UserError } from "./errors.ts";
import type { Mode, TextStream } from "./output.ts";
import { OUTPUT_SCHEMA_VERSION } from "./output.ts";
import { printable } from "./text.ts";

export interface ErrorReport {
  code: string;
  message: string;
  fix: string | null;
  docs: string;
  exitCode: ExitCode;
  data?: Record<string, unknown>;
}

/** What to say about any thrown value. Text from elsewhere is cleaned, and nothing that looks like a token stays. */
export function describeError(error: unknown): ErrorReport {
  const report = explain(error);
  const clean = (text: string) => maskSecrets(printable(text)).trim();
  return {
    ...report,
    message: clean(report.message),
    fix: report.fix === null ? null : clean(report.fix),
    docs: `docs/errors.md#${report.code}`,
  };
}

function explain(error: unknown): Omit<ErrorReport, "docs"> {
  if (error instanceof UserError) {
    const { code, message, exitCode, data } = error;
    return { code, message, exitCode, fix: error.fix ?? null, ...(data ? { data } : {}) };
  }
  if (error instanceof HubError) return explainHubError(error);
  const systemError = explainSystemError(error);
  if (systemError) return systemError;
  return {
    code: "internal",
    message: `Something went wrong inside agent-collab: ${error instanceof Error ? error.message : String(error)}`,
    fix: "This is a bug. Run the command again with --debug and report what it prints.",
    exitCode: EXIT.failed,
  };
}

function explainHubError(error: HubError): Omit<ErrorReport, "docs"> {
  const [code, fix] = hubAdvice(error);
  const where = error.requestId ? ` (request ${error.requestId})` : "";
  return { code, message: `${error.message}${where}`, fix, exitCode: EXIT.failed };
}

function hubAdvice({ status, retryAfterSeconds }: HubError): [code: string, fix: string] {
  if (status === 0)
    return ["hub_unreachable", "Check the network and HF_ENDPOINT, then run the command again."];
  if (status === 401) {
    return ["hub_unauthorized", "Log in with `hf auth login`, or set HF_TOKEN, then run the command again."];
  }
  if (status === 402)
    return [
      "hub_payment",
      "The account needs a paid plan or credit for this: see https://huggingface.co/pricing.",
    ];
  if (status === 403) {
    return [
      "hub_forbidden",
      "Check the token's scopes and your role in the organisation: `agent-collab doctor`.",
    ];
  }
  if (status === 404) return ["hub_not_found", "Check the names in collab.yaml: `agent-collab check`."];
  if (status === 409)
    return ["hub_conflict", "Somebody changed the same thing at the same time: run the command again."];
  if (status === 429) {
    const wait = retryAfterSeconds ? `Wait ${retryAfterSeconds} seconds` : "Wait a few minutes";
    return ["hub_rate_limited", `${wait}, then run the command again.`];
  }
  if (status >= 500)
    return ["hub_down", "The Hub has a problem (https://status.huggingface.co): try again in a few minutes."];
  return ["hub_refused", "Run the command again with --debug to see the request."];
}

const SYSTEM_ADVICE: Record<string, string> = {
  EACCES: "Give yourself permission to write there, or choose another folder.",
  EPERM: "Give yourself permission to write there, or choose another folder.",
  EROFS: "That file system is read-only: choose another folder.",
  ENOSPC: "The disk is full: free some space.",
  EADDRINUSE: "Something else uses that port: choose another with --port, or --port 0 for any free one.",
  ENOENT: "Check the path.",
  ENOTDIR: "A part of that path is a file: choose another path.",
  EMFILE: "Too many open files: raise the limit with `ulimit -n 4096`.",
};

/** Errors of the operating system that name a path or a port: the user's surroundings, not our bug. */
function explainSystemError(error: unknown): Omit<ErrorReport, "docs"> | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, path } = error as NodeJS.ErrnoException;
  const fix = code === undefined ? undefined : SYSTEM_ADVICE[code];
  if (code === undefined || fix === undefined || (path === undefined && code === "ENOENT")) return undefined;
  return { code: code.toLowerCase(), message: error.message, fix, exitCode: EXIT.failed };
}

/** Prints an error in the form the mode asks for. In JSON it is the one document on stdout; else text on stderr. */
export function printError(
  error: unknown,
  options: {
    mode: Mode;
    stdout: TextStream;
    stderr: TextStream;
    debug: boolean;
    paint: (text: string) => string;
  },
): ExitCode {
  const { exitCode, code, message, fix, docs, data } = describeError(error);
  if (options.mode === "json") {
    const document = {
      ok: false,
      schema_version: OUTPUT_SCHEMA_VERSION,
      error: { code, message, fix, docs, ...data },
    };
    options.stdout.write(`${maskSecrets(JSON.stringify(document))}\n`);
  } else {
    const label = code === "interrupted" ? "" : `${options.paint("Error:")} `;
    options.stderr.write(`${label}${message}\n`);
    if (fix) options.stderr.write(`${fix}\n`);
  }
  if (options.debug) options.stderr.write(`${debugText(error)}\n`);
  return exitCode;
}

function debugText(error: unknown): string {
  const lines: string[] = [];
  for (let current: unknown = error, depth = 0; current !== undefined && depth < 5; depth++) {
    const text = current instanceof Error ? (current.stack ?? current.message) : String(current);
    lines.push(depth === 0 ? text : `Caused by: ${text}`);
    if (current instanceof HubError) lines.push(`  call: ${current.call}, status ${current.status}`);
    current = current instanceof Error ? current.cause : undefined;
  }
  return maskSecrets(printable(lines.join("\n")));
}
