/** `agent-collab status`: what is running, which version, is it well, where. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import { loadCollabDir } from "../collab-dir.ts";
import { resolveTarget } from "../deploy/target.ts";
import { type BackendStatus, type BucketStatus, type CollabStatus, collabStatus } from "../running/status.ts";
import type { Style } from "../terminal/output.ts";
import { plural, printable } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

/** A status that takes longer is of no use. */
const PATIENCE = { timeoutMs: 3_000, attempts: 1 };

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .addHelpText("after", "\nExample:\n  agent-collab status my-collab --json")
    .action((dir: string) => status(resolve(cli.cwd, dir), cli));
};

async function status(dir: string, cli: Cli): Promise<void> {
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { endpoint, token } = await resolveTarget(cli.env);
  const found = await collabStatus(createHub({ endpoint, token, ...PATIENCE }), loaded);
  const { title, status: phase } = loaded.collab.collab;
  const lines = (paint: (style: Style, text: string) => string) =>
    [
      `${paint("bold", printable(title))}  (${phase})`,
      `  hub              ${found.endpoint}`,
      ...backendLines(found.backend, paint),
      ...found.buckets.map(bucketLine),
      ...(found.board ? [`  board            ${boardText(found.board)}`] : []),
    ].join("\n");
  cli.out.result({
    json: { status: phase, healthy: found.backend.state === "healthy", ...found },
    human: lines(cli.out.paint),
    agent: lines((_, text) => text),
    quiet: found.backend.state,
  });
}

const STATE_STYLE: Record<BackendStatus["state"], Style> = {
  healthy: "green",
  starting: "yellow",
  unknown: "yellow",
  down: "red",
  missing: "red",
};

function backendLines(backend: BackendStatus, paint: (style: Style, text: string) => string): string[] {
  const state = paint(STATE_STYLE[backend.state], backend.state);
  const stage = backend.stage ? ` (Space is ${backend.stage})` : "";
  const fresh = backend.version === backend.wanted ? "" : ", this directory has another: agent-collab deploy";
  return [
    `  backend          ${state}${stage}  ${backend.id}`,
    ...(backend.url ? [`  board and API    ${backend.url}`] : []),
    ...(backend.version ? [`  version          ${printable(backend.version)}${fresh}`] : []),
    ...(backend.reason ? [`                   ${printable(backend.reason)}`] : []),
    ...(backend.state === "missing" ? ["                   not deployed yet: agent-collab deploy"] : []),
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

function sizeText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
