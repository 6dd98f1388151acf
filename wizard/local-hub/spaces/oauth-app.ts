/** The OAuth application that the Hub makes for every Space with `hf_oauth: true`. */
import type { HubContext } from "../context.ts";
import { readCard } from "../repos/card.ts";
import { findRepoByOid, type Repo, readBlob, readTree } from "../repos/store.ts";
import { spaceUrl } from "./space-fields.ts";
import { readSpace, type SpaceState } from "./space-store.ts";

export interface SpaceOAuthApp {
  clientId: string;
  clientSecret: string;
  /** The Space's id, which people see when they are asked to approve. */
  space: string;
  /** Origin that redirects must lead to. */
  origin: string | null;
  /** As the Space's README asks for, besides `openid profile`. */
  scopes: string[];
  tokenMinutes: number;
  /** Organisations whose members may sign in; empty for anybody. */
  authorizedOrgs: string[];
}

const DEFAULT_TOKEN_MINUTES = 480;
const MAX_TOKEN_MINUTES = 43_200;

/** The application of a client id, or `null` if no Space with `hf_oauth: true` has it. */
export function spaceOAuthApp(hub: HubContext, clientId: string): SpaceOAuthApp | null {
  const row = hub.db.prepare("SELECT repo FROM spaces WHERE oauth_client_id = ?").get(clientId);
  const repo = row === undefined ? null : findRepoByOid(hub, (row as { repo: string }).repo);
  if (repo === null) return null;
  const card = cardOf(hub, repo);
  if (card.hf_oauth !== true) return null;
  const state = readSpace(hub, repo.oid) as SpaceState;
  const minutes = Number(card.hf_oauth_expiration_minutes);
  const orgs = card.hf_oauth_authorized_org;
  return {
    clientId,
    clientSecret: state.oauthClientSecret,
    space: repo.id,
    origin: spaceUrl(hub, repo),
    scopes: Array.isArray(card.hf_oauth_scopes) ? card.hf_oauth_scopes.map(String) : [],
    tokenMinutes: minutes > 0 ? Math.min(minutes, MAX_TOKEN_MINUTES) : DEFAULT_TOKEN_MINUTES,
    authorizedOrgs: orgs === undefined || orgs === null ? [] : [orgs].flat().map(String),
  };
}

function cardOf(hub: HubContext, repo: Repo): Record<string, unknown> {
  const readme = readTree(hub, repo.oid, repo.head)?.get("README.md");
  return readme === undefined
    ? {}
    : readCard(Buffer.from(readBlob(hub, readme.oid)).toString(), "space").data;
}
