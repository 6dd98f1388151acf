/** Keeps `leaderboard/` of the central bucket up to date: soon after a change of the ranking, not with every one. */
import type { Backend } from "../backend.ts";
import type { BoardChange } from "../board/board.ts";
import { errorFields } from "../log.ts";
import type { FileChange } from "../record/types.ts";
import { leaderboardFiles } from "./leaderboard-files.ts";

const RANKED_PATH = /^(?:results|agents|runs|verdicts)\//;

export class LeaderboardWriter {
  readonly #backend: Backend;
  readonly #delayMs: number;
  readonly #unfollow: () => void;
  /** Text by path as it lies in the bucket; filled at the first write. */
  #written: Map<string, string> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> | undefined;

  constructor(backend: Backend, delayMs: number) {
    this.#backend = backend;
    this.#delayMs = delayMs;
    this.#unfollow = backend.board.follow((change) => {
      if (concernsRanking(change)) this.#schedule();
    });
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#writing = this.#write().catch((error: unknown) => {
        this.#backend.log("warn", "writing leaderboard/ failed", { error: errorFields(error) });
        this.#schedule();
      });
    }, this.#delayMs);
    this.#timer.unref();
  }

  async #write(): Promise<void> {
    const { board, record, collab, now } = this.#backend;
    if (!record.isWriting) return;
    this.#written ??= await this.#read(leaderboardFiles(board, collab.collab.title, now()));
    const written = this.#written;
    const changes = leaderboardFiles(board, collab.collab.title, now()).filter(
      (file) => file.op === "put" && written.get(file.path) !== file.text,
    );
    const [first] = changes;
    if (!first) return;
    await record.submit({
      prepare: () => ({
        changes,
        audit: { agent_id: null, route: "leaderboard", via: "server", source: null, status_code: 200 },
        response: null,
      }),
    });
    for (const file of changes) if (file.op === "put") written.set(file.path, file.text);
  }

  async #read(files: readonly FileChange[]): Promise<Map<string, string>> {
    const bucket = this.#backend.hub.bucket(this.#backend.names.centralBucket);
    const texts = await Promise.all(files.map(({ path }) => bucket.readText(path)));
    return new Map(files.flatMap(({ path }, at) => (texts[at] == null ? [] : [[path, texts[at]]])));
  }

  async stop(): Promise<void> {
    this.#unfollow();
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    clearTimeout(this.#timer);
  }
}

function concernsRanking({ group, found }: BoardChange): boolean {
  const paths = group
    ? group.entries.flatMap(({ changes }) => changes.map(({ path }) => path))
    : found?.paths;
  // Neither: the scoring changed.
  return paths === undefined || paths.some((path) => RANKED_PATH.test(path));
}
