/** Who may do what, put together for the routes. Limits and rules follow a changed collab.yaml. */
import type { Hub } from "../../../hub/types.ts";
import type { Collab, Limits, WRITE_MODES } from "../../../schema/collab.ts";
import type { Board } from "../board/board.ts";
import { isRegistered, ownerOf } from "../board/queries/agents.ts";
import { quoted, reservedIds } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { Identities, type Identity, isMember } from "./identity.ts";
import { createLimiters, type Limiters } from "./limiter.ts";
import { Organisers } from "./organisers.ts";
import { requireWriter, type WriterProof } from "./writer.ts";

export interface AccessOptions {
  /** With the backend's own token. */
  hub: Hub;
  board: Board;
  record: { agentKeySha256(agentId: string): string | undefined };
  collab: () => Collab;
  now: () => number;
}

type WriteMode = (typeof WRITE_MODES)[number];

/** Where a request comes from and what it brings. */
export interface Requester {
  token: string | null;
  ip: string;
}

export interface Access {
  /** Throws 401, 429 or 503. */
  whoami(requester: Requester): Promise<Identity>;
  isMember(identity: Identity): boolean;
  readonly organisers: Organisers;
  readonly limiters: Limiters;
  /** Throws 404 NOT_REGISTERED. */
  requireRegistered(agentId: string): void;
  /** For a registered agent: throws 401, 403 or 503 by `board.writes`. */
  requireWriter(agentId: string, requester: Requester): Promise<WriterProof>;
  /** As `requireWriter` in a collab with signed writes, whatever this one has: for what costs money. */
  requireProof(agentId: string, requester: Requester): Promise<WriterProof>;
  /** Ids nobody can register. */
  readonly reservedIds: ReadonlySet<string>;
}

export function createAccess({ hub, board, record, collab, now }: AccessOptions): Access {
  const identities = new Identities({ hub, now });
  const organisers = new Organisers({ hub, org: collab().collab.org, now });
  const requireAs = (mode: WriteMode, agentId: string, { token, ip }: Requester) => {
    const agentKeySha256 = (id: string) => record.agentKeySha256(id);
    const request = { agentId, owner: ownerOf(board, agentId), token, ip };
    return requireWriter({ mode, identities, agentKeySha256 }, request);
  };
  let limited: { limits: string; limiters: Limiters } | null = null;

  return {
    whoami: ({ token, ip }) => identities.whoami(token, ip),
    isMember: (identity) => isMember(identity, collab().collab.org),
    organisers,
    get limiters() {
      const limits = limitsKey(collab().board.limits);
      if (limited?.limits !== limits)
        limited = { limits, limiters: createLimiters(collab().board.limits, now) };
      return limited.limiters;
    },
    requireRegistered(agentId) {
      if (isRegistered(board, agentId)) return;
      throw new ApiError("NOT_REGISTERED", `There is no agent ${quoted(agentId)} in this collab.`, {
        hint: "Register first: POST /v1/agents/register",
      });
    },
    requireWriter: (agentId, requester) => requireAs(collab().board.writes, agentId, requester),
    requireProof: (agentId, requester) => requireAs("signed", agentId, requester),
    get reservedIds() {
      return reservedIds(collab());
    },
  };
}

/** Allowances start full again only when their numbers change, not with every reload. */
function limitsKey(limits: Limits): string {
  return JSON.stringify(limits);
}
