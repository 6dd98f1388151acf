/**
 * The whole way of a participant, once: an own bucket, the handshake, registration, a message, and the
 * message read back from the API and from the record. The bucket goes afterwards; the board keeps the
 * registration and the message, which say what they are, since a record that could be tidied would be none.
 */
import { randomBytes } from "node:crypto";
import { z } from "zod";
import { createHub } from "../../template/hub/client.ts";
import { resourceNames, scratchBucket } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { collabApi } from "../running/api.ts";
import { UserError } from "../terminal/errors.ts";
import type { Target } from "./target.ts";

export interface SmokeResult {
  agent_id: string;
  /** The message, as the board names it. */
  message: string;
}

const Posted = z.looseObject({ filename: z.string() });
const Registered = z.looseObject({ agent_bucket: z.string() });
const Read = z.looseObject({ body: z.string() });

const TEXT = "Smoke test of a deployment: please ignore. The agent that posts this exists no longer.";

/** Throws when any step of it fails. */
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
  const { name } = await hub.whoami();

  await bucket.create({ private: true });
  try {
    await bucket.write([{ path: ".bucket-sync-handshake", content: `${name}\n` }]);
    const body = { agent_id: agentId, model: "none", harness: "agent-collab deploy --smoke", tools: [] };
    await api.post("/v1/agents/register", body, Registered);
    progress(`registered ${agentId}`);
    const { filename } = await api.post("/v1/messages", { agent_id: agentId, body: TEXT }, Posted);
    progress(`posted ${filename}`);

    const read = await api.get(`/v1/messages/${encodeURIComponent(filename)}`, Read);
    const record = hub.bucket(resourceNames(collab).centralBucket);
    const file = await record.readText(`message_board/${filename}`, { maxBytes: 100_000 });
    if (!read.body.includes(TEXT) || !file?.includes(TEXT)) throw notReadBack(filename);
    progress("read it back from the API and from the record");
    return { agent_id: agentId, message: filename };
  } finally {
    await bucket.delete();
  }
}

function notReadBack(filename: string): UserError {
  return new UserError({
    code: "smoke_failed",
    message: `The message ${filename} was accepted but is not what comes back.`,
    fix: "See `agent-collab logs` and `agent-collab doctor`.",
  });
}
