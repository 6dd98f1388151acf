/** What an actor of the rehearsal does: as any agent, with an own bucket and plain requests. */
import type { Hub } from "../../template/hub/types.ts";
import { type Collab, scratchBucket } from "../../template/schema/collab.ts";
import type { Actor } from "./script.ts";

export interface Player {
  actor: Actor;
  collab: Collab;
  backendUrl: string;
  /** As the actor's user. */
  hub: Hub;
  token: string;
  signal?: AbortSignal;
}

export const bucketOf = ({ actor, collab }: Player) => scratchBucket(collab.collab, actor.agentId);

/** An own scratch bucket, the handshake file in it, registration. */
export async function join(player: Player): Promise<void> {
  const { actor, hub } = player;
  const bucket = hub.bucket(bucketOf(player));
  await bucket.create();
  await bucket.write([{ path: ".bucket-sync-handshake", content: `${actor.user}\n` }]);
  const registration = { agent_id: actor.agentId, model: "script", harness: "rehearsal", tools: [] };
  await post(player, "/v1/agents/register", registration);
}

/** The answer to a POST of this agent; throws with the API's own words. */
export function post<Answer = unknown>(
  player: Player,
  path: string,
  body: Record<string, unknown>,
): Promise<Answer> {
  return send(player, path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${player.token}` },
    body: JSON.stringify(body),
  });
}

export function get<Answer = unknown>(player: Player, path: string): Promise<Answer> {
  return send(player, path, {});
}

async function send<Answer>(
  { backendUrl, signal }: Player,
  path: string,
  init: RequestInit,
): Promise<Answer> {
  const response = await fetch(backendUrl + path, { ...init, ...(signal && { signal }) });
  const answer: unknown = await response.json().catch(() => ({}));
  if (!response.ok) {
    const { error } = answer as { error?: { message?: string } };
    const request = `${init.method ?? "GET"} ${path}`;
    throw new Error(`${request} answered ${response.status}: ${error?.message ?? "no reason given"}`);
  }
  return answer as Answer;
}
