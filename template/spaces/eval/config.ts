/** What the eval Space is told: `collab.yaml` and `deployment.json` beside its code, and its environment. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { type Collab, resourceNames } from "../../schema/collab.ts";
import { parseCollab } from "../../schema/parse.ts";

export interface EvalConfig {
  collab: Collab;
  version: string | null;
  hubEndpoint: string;
  /** The organisers'; `null`: nothing can be judged. */
  hubToken: string | null;
  /** Where the backend answers; `null`: the Hub is asked. */
  backendUrl: string | null;
  /** Folder of the evaluator. */
  evaluatorFolder: string;
  command: readonly string[];
  pollMs: number;
  timeoutMs: number;
  memoryMb: number;
  port: number;
  host: string;
}

const DEFAULT_PORT = 7860;
const Deployment = z.looseObject({ version: z.string() });

/** Throws an `Error` whose message is all a person needs. `codeFolder` is where the code lies. */
export function loadEvalConfig(
  env: NodeJS.ProcessEnv,
  codeFolder: string,
  hubToken: string | null,
): EvalConfig {
  const file = env.COLLAB_FILE || join(codeFolder, "collab.yaml");
  const parsed = parseCollab(readFileSync(file, "utf8"), file);
  if (!parsed.ok) {
    throw new Error(
      parsed.problems.map(({ line, path, message }) => `${line} ${path} ${message}`).join("\n"),
    );
  }
  const { collab } = parsed;
  const { verification } = collab;
  if (verification.mode !== "eval-space") {
    throw new Error(
      `verification.mode is ${verification.mode}: this Space judges nothing. Pause or delete it.`,
    );
  }
  return {
    collab,
    version: versionOf(join(dirname(file), "deployment.json")),
    hubEndpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    hubToken,
    backendUrl: env.BACKEND_API_URL?.trim().replace(/\/+$/, "") || null,
    evaluatorFolder: join(dirname(file), verification.evaluator),
    command: verification.command,
    pollMs: (Number(env.EVAL_POLL_S) || verification.poll_seconds) * 1000,
    timeoutMs: verification.timeout_seconds * 1000,
    memoryMb: verification.memory_mb,
    port: Number(env.PORT ?? DEFAULT_PORT),
    host: env.HOST || "0.0.0.0",
  };
}

/** The central bucket: where frozen submissions are. */
export const centralBucketOf = ({ collab }: EvalConfig) => resourceNames(collab).centralBucket;

function versionOf(file: string): string | null {
  try {
    return Deployment.parse(JSON.parse(readFileSync(file, "utf8"))).version;
  } catch {
    // Not deployed but run from a folder.
    return null;
  }
}
