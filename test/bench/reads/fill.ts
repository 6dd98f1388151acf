/** A board of a given size that looks like a real one: some hundred agents, mentions, results, broadcasts. */
import type { Board } from "../../../template/spaces/backend/board/board.ts";
import { serialiseDocument } from "../../../template/spaces/backend/documents/serialise.ts";
import { filenameStamp, frontmatterStamp } from "../../../template/spaces/backend/documents/stamp.ts";
import { mappingOf } from "../../../template/spaces/backend/documents/yaml-values.ts";
import type { FileChange, JournalEntry } from "../../../template/spaces/backend/record/types.ts";

export const AGENTS = 120;
const RESULTS = 720;
const GROUP = 1_000;
const FIRST_STAMP = Date.UTC(2026, 0, 1);
const WORDS =
  "kernel cache decode token batch speculative draft verify latency throughput fp8 int4 graph capture prefill attention layer head window greedy perplexity baseline regression profile stream".split(
    " ",
  );

/** The same numbers in every run. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function fillBoard(board: Board, messages: number): void {
  const random = randomNumbers(7);
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? "";
  const text = (words: number) =>
    Array.from({ length: words }, () => `${word()}${Math.floor(random() * 500)}`).join(" ");
  let seq = board.journalSeq;
  let entries: JournalEntry[] = [];
  const flush = () => {
    seq += 1;
    board.apply({ seq, entries });
    entries = [];
  };
  const add = (stamp: number, changes: FileChange[]) => {
    entries.push({
      stamp,
      changes,
      audit: {
        ts: "",
        target_path: "",
        bytes: 0,
        agent_id: null,
        route: "",
        via: null,
        source: null,
        status_code: 201,
      },
    });
    if (entries.length === GROUP) flush();
  };
  const put = (path: string, fields: Parameters<typeof mappingOf>[0], body: string): FileChange => ({
    op: "put",
    path,
    text: serialiseDocument(mappingOf(fields), body),
  });

  for (let n = 0; n < AGENTS; n += 1) {
    const id = `agent-${n}`;
    const fields = {
      agent_name: id,
      agent_model: word(),
      agent_harness: "h",
      hf_user: `user-${n % 40}`,
      agent_bucket: `demo/gemma-${id}`,
      joined: frontmatterStamp(FIRST_STAMP + n),
    };
    add(FIRST_STAMP + n, [put(`agents/${id}.md`, fields, "")]);
  }
  const resultEvery = Math.max(1, Math.floor(messages / RESULTS));
  for (let n = 0; n < messages; n += 1) {
    const stamp = FIRST_STAMP + 1_000_000 + n * 9_000;
    const author = `agent-${Math.floor(random() * AGENTS)}`;
    const mentioned = random() < 0.3 ? `agent-${Math.floor(random() * AGENTS)}` : null;
    const filename = `${filenameStamp(stamp)}_${author}.md`;
    const body = `${text(45)}${mentioned === null ? "" : ` @${mentioned}`}\n\n${text(20)}`;
    const fields = {
      type: random() < 0.1 ? "plan" : "agent",
      agent: author,
      timestamp: frontmatterStamp(stamp),
      via: random() < 0.5 ? "raw" : "bucket",
    };
    const message = put(`message_board/${filename}`, fields, body);
    const copies: FileChange[] =
      mentioned === null || mentioned === author
        ? []
        : [{ ...message, path: `inbox/${mentioned}/${filename}` } as FileChange];
    if (n % 20_000 === 10_000) copies.push({ ...message, path: `broadcasts/${filename}` } as FileChange);
    add(stamp, [message, ...copies]);
    if (n % resultEvery === 0) {
      const fields = {
        score: 40 + random() * 400,
        method: text(2),
        status: random() < 0.9 ? "agent-run" : "negative",
        description: text(6),
        agent: author,
        timestamp: frontmatterStamp(stamp + 1),
        via: "bucket",
      };
      add(stamp + 1, [put(`results/${filenameStamp(stamp + 1)}_${author}.md`, fields, text(30))]);
    }
  }
  if (entries.length > 0) flush();
}
