/** Shared traces (api-v1.md 10.3, 10.4). */
import type { TraceFacts } from "../apply/trace.ts";
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";
import { documentView } from "./documents.ts";
import type { ListRow } from "./list.ts";
import { filesUnder } from "./taskforces.ts";

export interface TraceSummary {
  agent: string;
  session_id: string;
  harness: string;
  model: string;
  share: string;
  completeness: string;
  promoted_at: string;
  started_at: string | null;
  total_tokens: number | null;
  tool_calls: number | null;
  result_ref: string | null;
  summary_excerpt: string;
  path: string;
  primary_log_file: string | null;
}

export interface TraceView {
  agent: string;
  session_id: string;
  frontmatter: Frontmatter;
  body: string;
  path: string;
  log_files: string[];
}

const EXCERPT_LENGTH = 280;

/** `agent/session` of a row of the traces list: the cursor without its time. */
export const traceName = (row: Pick<ListRow, "path">) => row.path.split("/").slice(1, 3).join("/");

export function traceSummary(board: Board, row: ListRow): TraceSummary {
  const trace = board.sql.get<{
    agent: string;
    session: string;
    harness: string;
    model: string;
    share: string;
    summary: string;
  }>("SELECT agent, session, harness, model, share, summary FROM traces WHERE doc = ?", row.doc);
  if (!trace) throw new Error(`no trace for ${row.path}`);
  const facts = JSON.parse(trace.summary) as TraceFacts;
  const folder = `traces/${trace.agent}/${trace.session}/`;
  return {
    agent: trace.agent,
    session_id: trace.session,
    harness: trace.harness,
    model: trace.model,
    share: trace.share,
    completeness: facts.completeness,
    promoted_at: facts.promoted_at,
    started_at: facts.started_at,
    total_tokens: facts.tokens.total ?? null,
    tool_calls: facts.tool_calls,
    result_ref: facts.result_ref,
    summary_excerpt: excerpt(row.body.trim()),
    path: folder,
    primary_log_file: logFiles(board, folder)[0] ?? null,
  };
}

export function findTrace(board: Board, agent: string, session: string): TraceView | undefined {
  const folder = `traces/${agent}/${session}/`;
  const row = board.sql.get<ListRow>(
    "SELECT d.key, d.path, c.frontmatter, c.body, d.id AS doc FROM traces t JOIN docs d ON d.id = t.doc" +
      " JOIN contents c ON c.id = d.content WHERE t.agent = ? AND t.session = ?",
    agent,
    session,
  );
  if (!row) return undefined;
  const { frontmatter, body } = documentView(row);
  return { agent, session_id: session, frontmatter, body, path: folder, log_files: logFiles(board, folder) };
}

function logFiles(board: Board, folder: string): string[] {
  return filesUnder(board, folder)
    .map((file) => file.path)
    .filter((path) => path !== `${folder}manifest.md`);
}

function excerpt(text: string): string {
  const characters = [...text];
  if (characters.length <= EXCERPT_LENGTH) return text;
  return `${characters.slice(0, EXCERPT_LENGTH).join("").trimEnd()}…`;
}
