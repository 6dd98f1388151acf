/** What every write has in common: who, how often, from where, and one durable commit. */

import { readSource, sourceText } from "../access/source.ts";
import type { WriterProof } from "../access/writer.ts";
import type { Backend } from "../backend.ts";
import { isRegistered, ownerOf } from "../board/queries/agents.ts";
import type { SourceRef } from "../documents/paths.ts";
import { parseSource } from "../documents/paths.ts";
import type { Stamp } from "../documents/stamp.ts";
import { ApiError } from "../errors.ts";
import type { AuditFields, PendingView, Prepared } from "../record/types.ts";
import type { RequestContext } from "./define.ts";
import { ruleError } from "./validation.ts";

/** Paused, frozen and closed collabs are read only. */
export function requireOpen({ collab }: Backend): void {
  const { status } = collab.collab;
  if (status === "open" || status === "draft") return;
  throw new ApiError("COLLAB_CLOSED", `This collab is ${status}: it can be read, not written.`, {
    hint: "The organisers open it again by setting collab.status in collab.yaml.",
  });
}

/** The agent whose scratch bucket `source` names, allowed to promote from it: 400, 404, 401, 403, 429. */
export async function requirePromoter(context: RequestContext, source: string): Promise<SourceRef> {
  const { access, collab } = context.backend;
  const ref = parseSource(source, collab.collab);
  access.requireRegistered(ref.agentId);
  const proof = await access.requireWriter(ref.agentId, context.requester);
  spendPromotion(context.backend, ref.agentId, proof);
  return ref;
}

/** From the allowances of the agent's scratch bucket and of its owner: 429. */
export function spendPromotion(backend: Backend, agentId: string, proof: WriterProof): void {
  const { access, collab } = backend;
  access.limiters.bucketWrites.take(`${collab.collab.slug}-${agentId}`);
  spendOwners(backend, agentId, proof);
}

/** A registered agent that writes with text in the request: 404, 401, 403, 429. */
export async function requireRawWriter(context: RequestContext, agentId: string): Promise<void> {
  const { access } = context.backend;
  access.requireRegistered(agentId);
  const proof = await access.requireWriter(agentId, context.requester);
  access.limiters.rawPosts.take(agentId);
  spendOwners(context.backend, agentId, proof);
}

/** From the allowance of the agent's owner; never for a write that only claims to be the agent's. */
function spendOwners({ access, board }: Backend, agentId: string, proof: WriterProof): void {
  const owner = ownerOf(board, agentId);
  if (owner && proof !== "unproven") access.limiters.userWrites.take(owner);
}

/** The document that `source` names, as text, with the SHA-256 of its bytes: 404, 413, 400. */
export async function readDocumentSource({ hub, collab }: Backend, source: SourceRef) {
  const file = await readSource(hub, source, { maxBytes: collab.board.limits.document_bytes });
  return { text: sourceText(file, source), sha256: file.sha256 };
}

/** Text in the request has the same limit as a promoted file. */
export function requireDocumentSize({ collab }: Backend, text: string): void {
  const { document_bytes: max } = collab.board.limits;
  const bytes = Buffer.byteLength(text);
  if (bytes <= max) return;
  throw new ApiError("TOO_LARGE", `The text has ${bytes} bytes; at most ${max} are taken.`, {
    hint: "Put long material in a file of your scratch bucket and link it.",
  });
}

/** Registered on the board, or by a write that is committed just before this one. */
export function registeredWith(backend: Backend, pending: PendingView): (agentId: string) => boolean {
  return (agentId) => {
    const text = pending.text(`agents/${agentId}.md`);
    return text === undefined ? isRegistered(backend.board, agentId) : text !== null;
  };
}

export function auditOf(
  context: RequestContext,
  fields: Pick<AuditFields, "agent_id" | "route" | "via" | "source" | "status_code"> &
    Record<string, unknown>,
): AuditFields {
  return { ...fields, ...context.caller };
}

const MAX_KEY_LENGTH = 200;

/** The durable part. `owner` is whose `Idempotency-Key` it is: an agent id, or `user:{name}`. */
export function commit<T>(
  context: RequestContext,
  owner: string,
  status: number,
  prepare: (stamp: Stamp, pending: PendingView) => Prepared<T>,
): Promise<T> {
  const key = context.header("idempotency-key");
  if (key !== undefined && (key === "" || key.length > MAX_KEY_LENGTH)) {
    throw ruleError(
      `the Idempotency-Key header must have 1 to ${MAX_KEY_LENGTH} characters`,
      key.slice(0, 40),
    );
  }
  const { record } = context.backend;
  if (key === undefined) return record.submit({ prepare });
  return record.submit({
    prepare,
    idempotency: { owner, key, requestSha256: context.requestSha256(), status },
  });
}

/** Identity of promoted content: the same bytes from the same agent go into one folder once. */
export function promotion(folder: string, source: SourceRef, sha256: string) {
  const id = `${folder}\0${source.agentId}\0${sha256}`;
  return {
    requireNew(pending: PendingView): void {
      const filename = pending.promoted(id);
      if (filename === undefined) return;
      throw new ApiError("ALREADY_PROMOTED", `This content was promoted to ${folder}/ before.`, {
        hint: `existing filename: ${filename}`,
      });
    },
    as: (filename: string) => ({ id, filename }),
  };
}
