/** `agent-collab status`: what is running, which version, is it well, where. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { type BucketStatus, type CollabStatus, collabStatus, type SpaceStatus } from "../running/status.ts";
import type { Style } from "../terminal/output.ts";
import { plural, printable, sizeText } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

/** A status that takes longer is of no use: what is not known by then is said to be unknown. */
const PATIENCE_MS = 4_000;
const PER_REQUEST = { timeoutMs: 3_000, attempts: 1 };

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .addHelpText("after", "\nExample:\n  agent-collab status my-collab --json")
    .action((dir: string) => status(resolve(cli.cwd, dir), cli));
};

async function status(dir: string, cli: Cli): Promise<void> {
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { endpoint, token } = await resolveTarget(cli.env);
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const hub = createHub({ endpoint, token, ...PER_REQUEST, signal });
  const found = await collabStatus({ hub, loaded, token, signal });
  const [backend] = found.spaces;
  const { title, status: phase } = loaded.collab.collab;
  const lines = (paint: (style: Style, text: string) => string) =>
    [
      `${paint("bold", printable(title))}  (${phase})`,
      `  hub              ${found.endpoint}`,
      ...found.spaces.flatMap((space) => spaceLines(space, paint)),
      ...found.buckets.map(bucketLine),
      ...(found.board ? [`  board            ${boardText(found.board)}`] : []),
    ].join("\n");
  cli.out.result({
    json: {
      status: phase,
      healthy: found.spaces.every(({ state }) => state === "healthy"),
      backend,
      ...found,
    },
    human: lines(cli.out.paint),
    agent: lines((_, text) => text),
    quiet: backend.state,
  });
}

const STATE_STYLE: Record<SpaceStatus["state"], Style> = {
  healthy: "green",
  starting: "yellow",
  unknown: "yellow",
  down: "red",
  missing: "red",
};

function spaceLines(space: SpaceStatus, paint: (style: Style, text: string) => string): string[] {
  const row = (name: string, text: string) => `  ${name.padEnd(16)} ${text}`;
  const state = paint(STATE_STYLE[space.state], space.state);
  const stage = space.stage ? ` (Space is ${space.stage})` : "";
  const same = space.wanted === undefined || space.version === space.wanted;
  const fresh = same ? "" : ", this directory has another: agent-collab deploy";
  const isBackend = space.part === "backend";
  return [
    row(isBackend ? "backend" : "eval Space", `${state}${stage}  ${space.id}`),
    ...(space.url && isBackend ? [row("board and API", space.url)] : []),
    ...(space.version ? [row("version", `${printable(space.version)}${fresh}`)] : []),
    ...(space.reason ? [row("", printable(space.reason))] : []),
    ...(space.state === "missing" ? [row("", "not deployed yet: agent-collab deploy")] : []),
  ];
}

function bucketLine({ purpose, id, state, files, bytes, reason }: BucketStatus): string {
  const what =
    state === "present" ? `${plural(files ?? 0, "file")}, ${sizeText(bytes ?? 0)}` : (reason ?? state);
  return `  ${purpose.padEnd(16)} ${id}: ${what}`;
}

function boardText({ agents, messages, results }: NonNullable<CollabStatus["board"]>): string {
  return `${plural(agents, "agent")}, ${plural(messages, "message")}, ${plural(results, "result")}`;
}
