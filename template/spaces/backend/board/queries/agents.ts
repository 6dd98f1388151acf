/** Registered agents: `agents/{id}.md` (api-v1.md 3.4). */
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";
import { findDocument } from "./documents.ts";
import type { ListRow } from "./list.ts";

export interface AgentInfo {
  agent_id: string;
  hf_user: string;
  model: string;
  harness: string;
  tools: string[];
  agent_bucket: string;
  joined: string;
  bio: string | null;
}

export function agentInfo(row: Pick<ListRow, "key" | "frontmatter" | "body">): AgentInfo {
  const fields = JSON.parse(row.frontmatter) as Frontmatter;
  const text = (key: string) => {
    const value = fields[key];
    return value === undefined || value === null ? "" : typeof value === "string" ? value : String(value);
  };
  const { agent_tools: tools } = fields;
  return {
    agent_id: text("agent_name") || row.key.slice(0, -".md".length),
    hf_user: text("hf_user"),
    model: text("agent_model"),
    harness: text("agent_harness"),
    tools: Array.isArray(tools) ? tools.map(String) : [],
    agent_bucket: text("agent_bucket"),
    joined: text("joined"),
    bio: row.body.trim() || null,
  };
}

export function findAgent(board: Board, id: string): AgentInfo | undefined {
  const row = findDocument(board, "agents", `${id}.md`);
  return row && agentInfo(row);
}

export function isRegistered(board: Board, id: string): boolean {
  return board.sql.get("SELECT 1 FROM agents WHERE id = ?", id) !== undefined;
}

/** The HF user an agent is bound to; `undefined` if it is unknown or its file names nobody. */
export function ownerOf(board: Board, id: string): string | undefined {
  const row = board.sql.get<{ hf_user: string }>("SELECT hf_user FROM agents WHERE id = ?", id);
  return row?.hf_user || undefined;
}

export function newestAgents(board: Board, limit: number): string[] {
  return board.sql
    .all<{ id: string }>("SELECT id FROM agents ORDER BY joined DESC, id LIMIT ?", limit)
    .map((row) => row.id);
}
