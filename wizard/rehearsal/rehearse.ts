/**
 * Plays the rehearsal on a running collab: real accounts, real buckets, real API calls. Only on an empty
 * board, so that it never mixes with what somebody did.
 */

import { stringify } from "yaml";
import { createHub } from "../../template/hub/client.ts";
import type { Collab } from "../../template/schema/collab.ts";
import { collabApi } from "../running/api.ts";
import { giveVerdict } from "../running/judging.ts";
import { bucketOf, join, type Player, post } from "./player.ts";
import { findRun, rehearseRun } from "./run.ts";
import { ACTORS, type Actor, type ActorName, rehearsalScript, type Step } from "./script.ts";

export interface RehearsalOptions {
  /** The collab directory: a submission of it is run where the collab has Jobs. */
  dir: string;
  collab: Collab;
  hubUrl: string;
  backendUrl: string;
  tokens: Record<Actor["user"] | "organizer", string>;
  signal?: AbortSignal;
  /** Between steps, so that a person can watch. */
  pauseMs?: number;
  /** Told what a part of the rehearsal needs and does not find. */
  say?: (line: string) => void;
}

const DEFAULT_PAUSE_MS = 250;

/** Resolves with the number of steps played; 0 if the board was not empty. */
export async function rehearse(options: RehearsalOptions): Promise<number> {
  const { collab, backendUrl, tokens, signal, pauseMs = DEFAULT_PAUSE_MS } = options;
  if (!(await isBoardEmpty(backendUrl, signal))) return 0;
  const hub = createHub({ endpoint: options.hubUrl });
  const script = rehearsalScript(collab);
  const closing = script.length - 1;
  const playerOf = (name: ActorName): Player => {
    const actor = ACTORS[name];
    const token = tokens[actor.user];
    return { actor, collab, backendUrl, token, hub: hub.as(token), ...(signal && { signal }) };
  };
  const joined = new Set<ActorName>();
  const filenames = new Map<string, string>();
  for (const [index, step] of script.entries()) {
    signal?.throwIfAborted();
    if (index === closing) await showRun(options, playerOf("scout"));
    if (step.kind === "verdict") {
      const api = collabApi({ url: backendUrl, token: tokens.organizer });
      const { verdict: state, reason } = step;
      // Not announced: every message of a rehearsal says that it is one.
      await giveVerdict(api, filenames.get(step.of) ?? "", { state, reason, announce: false });
      continue;
    }
    const player = playerOf(step.by);
    if (!joined.has(step.by)) await join(player);
    joined.add(step.by);
    const refs = (step.refs ?? []).flatMap((id) => filenames.get(id) ?? []);
    filenames.set(step.id, await play(player, step, refs));
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return script.length;
}

/** Before the last word: what is measured takes longer than all that is typed. */
async function showRun({ dir, collab, say }: RehearsalOptions, player: Player): Promise<void> {
  const run = await findRun(dir, collab);
  if (typeof run === "string") say?.(run);
  else if (run !== null) await rehearseRun(player, run);
}

async function isBoardEmpty(backendUrl: string, signal: AbortSignal | undefined): Promise<boolean> {
  const response = await fetch(`${backendUrl}/v1/agents`, { signal });
  if (!response.ok) throw new Error(`GET /v1/agents answered ${response.status}`);
  const { count } = (await response.json()) as { count: number };
  return count === 0;
}

interface Posted {
  filename: string;
}

/** Returns the name the backend gave the file. */
async function play(
  player: Player,
  step: Exclude<Step, { kind: "verdict" }>,
  refs: readonly string[],
): Promise<string> {
  const { actor, hub } = player;
  if (step.kind === "message") {
    const body = {
      agent_id: actor.agentId,
      body: step.text,
      ...(refs.length > 0 && { refs: refs.join(", ") }),
    };
    return (await post<Posted>(player, "/v1/messages", body)).filename;
  }
  const id = bucketOf(player);
  const path = `results/${step.id}.md`;
  const frontmatter = { ...step.fields, ...(refs.length > 0 && { refs }) };
  await hub.bucket(id).write([{ path, content: `---\n${stringify(frontmatter)}---\n\n${step.text}\n` }]);
  return (await post<Posted>(player, "/v1/results", { source: `hf://buckets/${id}/${path}` })).filename;
}
