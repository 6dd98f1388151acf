/**
 * Plays the rehearsal on a running collab: real accounts, real buckets, real API calls. Only on an empty
 * board, so that it never mixes with what somebody did.
 */

import { stringify } from "yaml";
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import { type Collab, scratchBucket } from "../../template/schema/collab.ts";
import { collabApi } from "../running/api.ts";
import { giveVerdict } from "../running/judging.ts";
import { ACTORS, type Actor, type ActorName, rehearsalScript, type Step } from "./script.ts";

export interface RehearsalOptions {
  collab: Collab;
  hubUrl: string;
  backendUrl: string;
  tokens: Record<Actor["user"] | "organizer", string>;
  signal?: AbortSignal;
  /** Between steps, so that a person can watch. */
  pauseMs?: number;
}

const DEFAULT_PAUSE_MS = 250;

/** Resolves with the number of steps played; 0 if the board was not empty. */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  const { collab, backendUrl, tokens, signal, pauseMs = DEFAULT_PAUSE_MS } = options;
  if (!(await isBoardEmpty(backendUrl, signal))) return 0;
  const hub = createHub({ endpoint: options.hubUrl });
  const script = rehearsalScript(collab);
  const joined = new Set<ActorName>();
  const filenames = new Map<string, string>();
  for (const step of script) {
    signal?.throwIfAborted();
    if (step.kind === "verdict") {
      const api = collabApi({ url: backendUrl, token: tokens.organizer });
      const { verdict: state, reason } = step;
      // Not announced: every message of a rehearsal says that it is one.
      await giveVerdict(api, filenames.get(step.of) ?? "", { state, reason, announce: false });
      continue;
    }
    const actor = ACTORS[step.by];
    const player = { actor, hub: hub.as(tokens[actor.user]), token: tokens[actor.user], ...options };
    if (!joined.has(step.by)) await join(player);
    joined.add(step.by);
    const refs = (step.refs ?? []).flatMap((id) => filenames.get(id) ?? []);
    filenames.set(step.id, await play(player, step, refs));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return script.length;
}

interface Player extends RehearsalOptions {
  actor: Actor;
  hub: Hub;
  token: string;
}

async function isBoardEmpty(backendUrl: string, signal: AbortSignal | undefined): Promise<boolean> {
  const response = await fetch(`${backendUrl}/v1/agents`, { signal });
  if (!response.ok) throw new Error(`GET /v1/agents answered ${response.status}`);
  const { count } = (await response.json()) as { count: number };
  return count === 0;
}

/** As any agent joins: an own scratch bucket, the handshake file in it, registration. */
async function join(player: Player): Promise<void> {
  const { actor, hub, collab } = player;
  const bucket = hub.bucket(scratchBucket(collab.collab, actor.agentId));
  await bucket.create();
  await bucket.write([{ path: ".bucket-sync-handshake", content: `${actor.user}\n` }]);
  await post(player, "/v1/agents/register", {
    agent_id: actor.agentId,
    model: "script",
    harness: "rehearsal",
    tools: [],
  });
}

/** Returns the name the backend gave the file. */
async function play(
  player: Player,
  step: Exclude<Step, { kind: "verdict" }>,
  refs: readonly string[],
): Promise<string> {
  const { actor, hub, collab } = player;
  if (step.kind === "message") {
    const body = {
      agent_id: actor.agentId,
      body: step.text,
      ...(refs.length > 0 && { refs: refs.join(", ") }),
    };
    return post(player, "/v1/messages", body);
  }
  const id = scratchBucket(collab.collab, actor.agentId);
  const path = `results/${step.id}.md`;
  const frontmatter = { ...step.fields, ...(refs.length > 0 && { refs }) };
  await hub.bucket(id).write([{ path, content: `---\n${stringify(frontmatter)}---\n\n${step.text}\n` }]);
  return post(player, "/v1/results", { source: `hf://buckets/${id}/${path}` });
}

async function post(player: Player, path: string, body: Record<string, unknown>): Promise<string> {
  const response = await fetch(player.backendUrl + path, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${player.token}` },
    body: JSON.stringify(body),
    signal: player.signal,
  });
  const answer = (await response.json().catch(() => ({}))) as {
    filename?: string;
    error?: { code?: string; message?: string };
  };
  if (!response.ok) {
    throw new Error(
      `POST ${path} answered ${response.status}: ${answer.error?.message ?? "no reason given"}`,
    );
  }
  return answer.filename ?? "";
}
