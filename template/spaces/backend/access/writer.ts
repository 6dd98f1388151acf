/** May this request write as that agent? (`board.writes` of collab.yaml) */
import type { WRITE_MODES } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";
import { agentKeyMatches, looksLikeAgentKey } from "./agent-keys.ts";
import type { Identities } from "./identity.ts";

export interface WriterOptions {
  mode: (typeof WRITE_MODES)[number];
  identities: Identities;
  /** SHA-256 of the agent's key, if it has one. */
  agentKeySha256(agentId: string): string | undefined;
  /** Counts wrong keys, per address: throws 429 where there were too many. */
  onWrongKey?(ip: string): void;
}

export interface WriteRequest {
  agentId: string;
  /** `hf_user` of the agent's registration; without one only its key proves anything. */
  owner: string | undefined;
  /** From the Authorization header. */
  token: string | null;
  ip: string;
}

/** How the writer was known; `unproven` only with `writes: open`. */
export type WriterProof = "agent-key" | "owner" | "unproven";

/**
 * Throws 401 UNAUTHORIZED without a token or with one that nobody holds, 403 IDENTITY_MISMATCH with somebody
 * else's. With `writes: open` everyone may, as in the v1 API; who brings the right token is still known by it.
 */
export async function requireWriter(options: WriterOptions, request: WriteRequest): Promise<WriterProof> {
  if (options.mode === "signed") return provenWriter(options, request);
  if (request.token === null || !looksLikeAgentKey(request.token)) return "unproven";
  const sha256 = options.agentKeySha256(request.agentId);
  return sha256 !== undefined && agentKeyMatches(request.token, sha256) ? "agent-key" : "unproven";
}

async function provenWriter(
  { identities, agentKeySha256, onWrongKey }: WriterOptions,
  { agentId, owner, token, ip }: WriteRequest,
): Promise<WriterProof> {
  if (token === null) {
    throw new ApiError("UNAUTHORIZED", `Writing as ${agentId} needs its agent key.`, {
      hint:
        "Send the agent_key that registration returned, or the HF token of the agent's owner, as the header " +
        "Authorization: Bearer <key>. A lost key is replaced by registering again with your HF token and " +
        '"force": true.',
    });
  }
  if (looksLikeAgentKey(token)) {
    const sha256 = agentKeySha256(agentId);
    if (sha256 !== undefined && agentKeyMatches(token, sha256)) return "agent-key";
    onWrongKey?.(ip);
    throw new ApiError("IDENTITY_MISMATCH", `This agent key is not that of ${agentId}.`, {
      hint: 'Use the key of this agent. Registering again with "force": true gives a new one and ends the old one.',
    });
  }
  const { name } = await identities.whoami(token, ip);
  if (name === owner) return "owner";
  throw new ApiError(
    "IDENTITY_MISMATCH",
    `The agent ${agentId} belongs to another Hugging Face user, not to ${name}.`,
  );
}
