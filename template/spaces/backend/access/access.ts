/** Who may do what, put together for the routes. Limits and rules follow a changed collab.yaml. */
import type { Hub } from "../../../hub/types.ts";
import { type Collab, resourceNames, type WRITE_MODES } from "../../../schema/collab.ts";
import type { Board } from "../board/board.ts";
import { isRegistered, ownerOf } from "../board/queries/agents.ts";
import { quoted, reservedIds } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { type AddressLimits, createAddressLimits } from "./address-limits.ts";
import { hubUnavailable } from "./hub-unavailable.ts";
import { Identities, type Identity, isMember } from "./identity.ts";
import { createLimiters, type Limiters, RateLimiter } from "./limiter.ts";
import { Members, type Membership } from "./members.ts";
import { Organisers } from "./organisers.ts";
import { Provider } from "./sign-in/provider.ts";
import { type Session, SessionStore } from "./sign-in/session-store.ts";
import { looksLikeSessionToken } from "./sign-in/session-token.ts";
import { Sessions } from "./sign-in/sessions.ts";
import { requireWriter, type WriterProof } from "./writer.ts";

export interface AccessOptions {
  /** With the backend's own token. */
  hub: Hub;
  board: Board;
  record: { agentKeySha256(agentId: string): string | undefined };
  collab: () => Collab;
  now: () => number;
  /** Client ids of the apps that people sign in to for this collab. */
  clientIds: () => readonly string[];
}

type WriteMode = (typeof WRITE_MODES)[number];

/** Where a request comes from and what it brings. */
export interface Requester {
  token: string | null;
  ip: string;
}

export interface Access {
  /** Whose Hugging Face token it is. Throws 401, 429 or 503. */
  whoami(requester: Requester): Promise<Identity>;
  /** Which human this is, by a Hugging Face token or a session. Throws 401, 429 or 503. */
  human(requester: Requester): Promise<Identity>;
  /** The session of a session token. Throws 401, 429 or 503. */
  session(requester: Requester): Promise<Session>;
  /** In the collab's organisation, by what `whoami` or `human` has found. */
  isMember(identity: Identity): boolean;
  readonly organisers: Organisers;
  /** As the Hub says now; who is none is told so a few times a minute. Throws 403, 429 or 503. */
  requireOrganiser(identity: Identity, what: string): Promise<void>;
  /** Who that is in the collab's organisation, as the Hub says now. Throws 403 or 503. */
  requireMember(user: string): Promise<Membership>;
  readonly sessions: Sessions;
  readonly sessionStore: SessionStore;
  readonly provider: Provider;
  readonly limiters: Limiters;
  /** By network address. */
  readonly addresses: AddressLimits;
  /** Throws 404 NOT_REGISTERED. */
  requireRegistered(agentId: string): void;
  /** For a registered agent: throws 401, 403 or 503 by `board.writes`. */
  requireWriter(agentId: string, requester: Requester): Promise<WriterProof>;
  /** As `requireWriter` in a collab with signed writes, whatever this one has: for what costs money. */
  requireProof(agentId: string, requester: Requester): Promise<WriterProof>;
  /** Ids nobody can register. */
  readonly reservedIds: ReadonlySet<string>;
}

const ORGANISER_CHECKS_PER_MINUTE = 10;

export function createAccess({ hub, board, record, collab, now, clientIds }: AccessOptions): Access {
  const { org } = resourceNames(collab());
  const members = new Members({ hub, org, now });
  const organisers = new Organisers({ hub, org, now, members });
  const sessionStore = new SessionStore(hub.bucket(resourceNames(collab()).auditBucket), now);
  const provider = new Provider({ endpoint: hub.endpoint, now });
  let limited: { limits: string; limiters: Limiters; addresses: AddressLimits } | null = null;
  /** Allowances start full again only when their numbers change, not with every reload. */
  const limits = () => {
    const { limits: numbers } = collab().board;
    const text = JSON.stringify(numbers);
    if (limited?.limits !== text) {
      limited = {
        limits: text,
        limiters: createLimiters(numbers, now),
        addresses: createAddressLimits(numbers, now),
      };
    }
    return limited;
  };
  const failures = () => limits().addresses.failures;
  const identities = new Identities({ hub, now, failures });
  // Each is a question to the Hub; organisers themselves are not held up.
  const strangersChecks = new RateLimiter(
    "broadcasts tried by",
    [{ capacity: ORGANISER_CHECKS_PER_MINUTE, perMinute: ORGANISER_CHECKS_PER_MINUTE }],
    now,
  );
  const sessions = new Sessions({
    provider,
    store: sessionStore,
    now,
    clientIds,
    // A token that a page has just been given is no guess of a stranger; sign-ins have their own limit.
    whoami: (token) => identities.whoami(token, "sign-in"),
  });

  const memberOf = async (name: string, fresh = false): Promise<Membership | undefined> => {
    const list = await members.list({ fresh }).catch((error: unknown) => {
      throw hubUnavailable(error, `be asked for the members of ${org}`);
    });
    return list.get(name.toLowerCase());
  };
  const orgsOf = (member: Membership | undefined): Identity["orgs"] =>
    member ? [{ name: org, role: member.role }] : [];
  const sessionOf = async ({ token, ip }: Requester): Promise<Session> => {
    if (token === null || !looksLikeSessionToken(token)) {
      throw new ApiError("UNAUTHORIZED", "This needs a session token.", {
        hint: "POST /v1/auth/session gives one. Send it as the header Authorization: Bearer <session token>",
      });
    }
    if (!sessions.isKnown(token)) failures().requireLeft(ip);
    const session = await sessions.find(token);
    if (session !== null) return session;
    failures().tryTake(ip);
    throw new ApiError("UNAUTHORIZED", "This session is over. Sign in again.");
  };
  const requireAs = (mode: WriteMode, agentId: string, { token, ip }: Requester) => {
    const agentKeySha256 = (id: string) => record.agentKeySha256(id);
    const onWrongKey = (address: string) => failures().take(address);
    const request = { agentId, owner: ownerOf(board, agentId), token, ip };
    return requireWriter({ mode, identities, agentKeySha256, onWrongKey }, request);
  };

  return {
    whoami: ({ token, ip }) => identities.whoami(token, ip),
    async human({ token, ip }) {
      if (token !== null && looksLikeSessionToken(token)) {
        const { user, memberId } = await sessionOf({ token, ip });
        const member = await memberOf(user);
        // Whoever took over the name is somebody else.
        const isSame = memberId === null || member?.id === memberId;
        return { name: user, email: null, orgs: isSame ? orgsOf(member) : [], by: "session" };
      }
      const identity = await identities.whoami(token, ip);
      if (identity.by !== "oauth" || isMember(identity, org)) return identity;
      return { ...identity, orgs: [...identity.orgs, ...orgsOf(await memberOf(identity.name))] };
    },
    session: sessionOf,
    isMember: (identity) => isMember(identity, org),
    organisers,
    async requireOrganiser(identity, what) {
      strangersChecks.requireLeft(identity.name);
      await organisers.requireOrganiser(identity, what).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === "NOT_ORGANIZER")
          strangersChecks.tryTake(identity.name);
        throw error;
      });
    },
    async requireMember(user) {
      const member = await memberOf(user, true);
      if (member) return member;
      throw new ApiError("IDENTITY_MISMATCH", `${user} is not a member of ${org}.`, {
        hint: "Join the organisation first; the collab's README says how.",
      });
    },
    sessions,
    sessionStore,
    provider,
    get limiters() {
      return limits().limiters;
    },
    get addresses() {
      return limits().addresses;
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
