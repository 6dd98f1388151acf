import { describe, expect, test, vi } from "vitest";
import { listDocuments } from "./board-view.ts";
import { AUDIT, CENTRAL, contents, post, recordBed } from "./support.ts";

describe("a record on a local hub", () => {
  test("an acknowledged message lies in the bucket with its inbox copies, in the journal and on the board", async () => {
    await using bed = await recordBed();
    const { record, board } = await bed.started();
    const { filename, mentions } = await record.submit(post("a", "hello @b and @human-x"));
    expect(mentions).toEqual(["b", "human-x"]);
    const files = await contents(bed.hub, CENTRAL);
    expect([...files.keys()].sort()).toEqual([
      `inbox/b/${filename}`,
      `inbox/human-x/${filename}`,
      `message_board/${filename}`,
    ]);
    expect(new Set(files.values()).size).toBe(1);
    expect(files.get(`message_board/${filename}`)).toContain("\n---\n\nhello @b and @human-x\n");
    const journal = [...(await contents(bed.hub, AUDIT))].filter(([path]) => path.startsWith("journal/"));
    expect(journal).toHaveLength(1);
    expect(journal[0]?.[1]).toContain('"route":"/v1/messages"');
    expect(listDocuments(board, "messages")).toEqual([filename]);
    expect(listDocuments(board, "inbox/b")).toEqual([filename]);
  });

  test("writes that arrive together share a commit and get distinct, ascending names", async () => {
    const calls: string[] = [];
    await using bed = await recordBed({ onCall: ({ method, path }) => calls.push(`${method} ${path}`) });
    const { record, board } = await bed.started({ now: () => Date.UTC(2026, 0, 1) });
    await record.submit(post("a", "warm"));
    // The snapshot of a first start is written beside it.
    await vi.waitFor(async () =>
      expect([...(await contents(bed.hub, AUDIT)).keys()].join()).toContain("snapshots/"),
    );
    calls.length = 0;
    const posted = await Promise.all(
      Array.from({ length: 100 }, (_, i) => record.submit(post("a", `m${i}`))),
    );
    const names = posted.map(({ filename }) => filename);
    expect(new Set(names).size).toBe(100);
    expect(names).toEqual([...names].sort());
    expect(listDocuments(board, "messages")).toHaveLength(101);
    expect(calls.filter((call) => call.includes("/batch")).length).toBeLessThanOrEqual(4);
  });

  test("a refusal in prepare leaves nothing behind and does not touch its neighbours", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started();
    const refused = record.submit({
      prepare() {
        throw new Error("no");
      },
    });
    const taken = record.submit(post("a", "yes"));
    await expect(refused).rejects.toThrow("no");
    const { filename } = await taken;
    expect([...(await contents(bed.hub, CENTRAL)).keys()]).toEqual([`message_board/${filename}`]);
  });

  test("a later intent sees what an earlier one of its group will have written", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started();
    const seen: unknown[] = [];
    const write = (text: string, promoted: string) =>
      record.submit({
        prepare(_stamp, pending) {
          seen.push(pending.text("agents/a.md"), pending.promoted(promoted));
          return {
            changes: [{ op: "put", path: "agents/a.md", text }],
            audit: { agent_id: "a", route: "/v1/agents/register", via: null, source: null, status_code: 201 },
            promoted: { id: promoted, filename: text },
            response: null,
          };
        },
      });
    await Promise.all([write("1", "x"), write("2", "x"), write("3", "y")]);
    expect(seen).toEqual([undefined, undefined, "1", "1", "2", undefined]);
    expect((await contents(bed.hub, CENTRAL)).get("agents/a.md")).toBe("3");
    expect(record.promotedAs("x")).toBe("2");
  });

  test("a restart finds everything again: files, keys, promoted contents, answers, and stamps go on rising", async () => {
    await using bed = await recordBed();
    const first = await bed.started({ now: () => Date.UTC(2030, 0, 1), limits: { snapshotGroups: 2 } });
    const answered = { owner: "a", key: "k1", requestSha256: "s", status: 201 };
    const once = await first.record.submit(post("a", "one @b", answered));
    for (const body of ["two", "three", "four"]) await first.record.submit(post("a", body));
    await first.record.submit({
      prepare: () => ({
        changes: [{ op: "put", path: "agents/b.md", text: "---\nagent_name: b\n---\n" }],
        audit: { agent_id: "b", route: "/v1/agents/register", via: null, source: null, status_code: 201 },
        agentKey: { agent_id: "b", sha256: "f00" },
        promoted: { id: "p", filename: "q.md" },
        response: null,
      }),
    });
    first.record.abandon();

    const second = await bed.started({ now: () => Date.UTC(2026, 0, 1) });
    expect(listDocuments(second.board, "messages")).toEqual(listDocuments(first.board, "messages"));
    expect(listDocuments(second.board, "inbox/b")).toEqual([once.filename]);
    expect(second.record.agentKeySha256("b")).toBe("f00");
    expect(second.record.promotedAs("p")).toBe("q.md");
    expect(await second.record.submit(post("a", "one @b", answered))).toEqual(once);
    await expect(
      second.record.submit(post("a", "other", { ...answered, requestSha256: "t" })),
    ).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
    const { filename } = await second.record.submit(post("a", "five"));
    expect(filename.startsWith("20300101-000000-00")).toBe(true);
    expect(second.board.journalSeq).toBe(first.board.journalSeq + 1);
    await second.record.close();

    const third = await bed.started();
    expect(listDocuments(third.board, "messages")).toHaveLength(5);
  });

  test("a first start reads what the forerunner left", async () => {
    await using bed = await recordBed();
    const text = "---\ntype: agent\nagent: old\ntimestamp: 2026-01-01 10:00 UTC\n---\n\nhi @b\n";
    await bed.hub.bucket(CENTRAL).write([
      { path: "message_board/20260101-100000-000_old.md", content: text },
      { path: "inbox/b/20260101-100000-000_old.md", content: text },
      { path: "artifacts/x_old/data.bin", content: new Uint8Array(100) },
      { path: "README.md", content: "# hello" },
    ]);
    const first = await bed.started();
    expect(listDocuments(first.board, "messages")).toEqual(["20260101-100000-000_old.md"]);
    await first.record.close();
    const second = await bed.started();
    expect(listDocuments(second.board, "inbox/b")).toEqual(["20260101-100000-000_old.md"]);
  });

  test("the journal stays bounded: what two snapshots hold is deleted", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started({ limits: { snapshotGroups: 3 } });
    for (let i = 0; i < 30; i += 1) await record.submit(post("a", `message ${i}`));
    await record.close();
    const paths = [...(await contents(bed.hub, AUDIT)).keys()];
    expect(paths.filter((path) => path.startsWith("journal/")).length).toBeLessThanOrEqual(9);
    expect(paths.filter((path) => /^snapshots\/[0-9]/.test(path)).length).toBe(2);
    expect(paths.filter((path) => path.startsWith("snapshots/parts/")).length).toBeLessThanOrEqual(8);
  });

  test("a second backend waits until the first has released the lease", async () => {
    await using bed = await recordBed();
    const lines: string[] = [];
    const first = await bed.started();
    const second = bed.process({ log: (line) => lines.push(line) });
    const starting = second.record.start();
    await expect(second.record.submit(post("a", "x"))).rejects.toMatchObject({ code: "NOT_READY" });
    while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(lines[0]).toMatch(/another backend .* writes demo-admin\/gemma-audit/);
    await first.record.submit(post("a", "still mine"));
    await first.record.close();
    await starting;
    await second.record.submit(post("a", "mine now"));
    expect(listDocuments(second.board, "messages")).toHaveLength(2);
  });
});
