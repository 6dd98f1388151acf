/**
 * The whole way of a participant, once: an own bucket, the handshake, registration, a message, and the
 * message read back from the API and from the record. Afterwards the bucket goes. A record that could be
 * tidied would be none, so registration and message stay in it, and are hidden from the board as an
 * organiser hides things.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { createHub } from "../../template/hub/client.ts";
import { resourceNames, scratchBucket } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { collabApi } from "../running/api.ts";
import { hideDocuments } from "../running/moderation.ts";
import { UserError } from "../terminal/errors.ts";
import type { Target } from "./target.ts";

export interface SmokeResult {
  agent_id: string;
  /** The message, as the board names it. */
  message: string;
  /** What is gone again. */
  deleted: string[];
  /** Filenames that stay in the record and are not shown. */
  hidden: string[];
  /** Why something could not be tidied up; empty when all was. */
  left: string[];
}

const Posted = z.looseObject({ filename: z.string() });
const Registered = z.looseObject({ agent_bucket: z.string() });
const Read = z.looseObject({ body: z.string() });

const TEXT = "Smoke test of a deployment: please ignore. The agent that posts this exists no longer.";
const REASON = "smoke test of a deployment";

/** Throws when any step of it fails; it tidies up all the same. */
export async function smokeTest(options: {
  loaded: LoadedCollab;
  target: Target;
  backendUrl: string;
  progress: (line: string) => void;
}): Promise<SmokeResult> {
  const { target, backendUrl, progress } = options;
  const { collab } = options.loaded;
  const hub = createHub({ endpoint: target.endpoint, token: target.token });
  const api = collabApi({ url: backendUrl, token: target.token });
  const agentId = `smoke-${randomBytes(3).toString("hex")}`;
  const bucket = hub.bucket(scratchBucket(collab.collab, agentId));
  const central = hub.bucket(resourceNames(collab).centralBucket);
  const posted: string[] = [];
  const { name } = await hub.whoami();

  const walk = async (): Promise<string> => {
    await bucket.create({ private: true });
    await bucket.write([{ path: ".bucket-sync-handshake", content: `${name}\n` }]);
    const body = { agent_id: agentId, model: "none", harness: "agent-collab deploy --smoke", tools: [] };
    await api.post("/v1/agents/register", body, Registered);
    posted.push(`${agentId}.md`);
    progress(`registered ${agentId}`);
    const { filename } = await api.post("/v1/messages", { agent_id: agentId, body: TEXT }, Posted);
    posted.push(filename);
    progress(`posted ${filename}`);

    const read = await api.get(`/v1/messages/${encodeURIComponent(filename)}`, Read);
    const file = await central.readText(`message_board/${filename}`, { maxBytes: 100_000 });
    if (!read.body.includes(TEXT) || !file?.includes(TEXT)) throw notReadBack(filename);
    progress("read it back from the API and from the record");
    return filename;
  };

  let left: string[] = [];
  const message = await walk().finally(async () => {
    left = await failuresOf({
      [bucket.id]: bucket.delete(),
      [posted.join(", ")]: posted.length > 0 ? hideDocuments(central, posted, REASON) : undefined,
    });
  });
  if (left.length === 0) progress(`deleted ${bucket.id}; hid ${posted.join(" and ")} from the board`);
  return {
    agent_id: agentId,
    message,
    deleted: left.some((line) => line.startsWith(bucket.id)) ? [] : [bucket.id],
    hidden: left.some((line) => line.startsWith(posted[0] ?? "")) ? [] : posted,
    left,
  };
}

/** What of the work failed, as `name: reason`. */
async function failuresOf(work: Record<string, Promise<unknown> | undefined>): Promise<string[]> {
  const names = Object.keys(work);
  const settled = await Promise.allSettled(Object.values(work));
  return settled.flatMap((outcome, n) =>
    outcome.status === "fulfilled"
      ? []
      : [`${names[n]}: ${outcome.reason instanceof Error ? outcome.reason.message : String(outcome.reason)}`],
  );
}

function notReadBack(filename: string): UserError {
  return new UserError({
    code: "smoke_failed",
    message: `The message ${filename} was accepted but is not what comes back.`,
    fix: "See `agent-collab logs` and `agent-collab doctor`.",
  });
}
