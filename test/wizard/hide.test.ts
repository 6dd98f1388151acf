import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import type { DevSession } from "../../wizard/dev/session.ts";
import { filenameIn } from "../../wizard/running/documents.ts";
import { runCli } from "../support/cli.ts";
import { startWherePeopleJudge } from "../support/people-judge.ts";
import { WorkFolder } from "../support/work-folder.ts";

const MODERATION = "moderation.json";
const SECRET = "xyzzy-secret";
/** The backend looks for edits every 28 seconds. */
const soon = { timeout: 120_000, interval: 500 };

let work: WorkFolder;
let session: DevSession;
/** One of each, all with `SECRET` in them. */
let message: string;
let result: string;
let verdict: string;
let note: string;

beforeAll(async () => {
  work = await WorkFolder.create();
  session = await startWherePeopleJudge(work);
  await postAll();
}, 120_000);
afterAll(async () => {
  await session?.close();
  await work?.[Symbol.asyncDispose]();
});

const hub = (user: keyof DevSession["tokens"]) =>
  createHub({ endpoint: session.hub.url, token: session.tokens[user] });
const central = () => hub("organizer").bucket(session.centralBucket);
const stored = async () => JSON.parse((await central().readText(MODERATION)) ?? "{}");
const hide = (args: string[], user: keyof DevSession["tokens"] = "organizer") =>
  runCli(["hide", ...args], {
    cwd: join(work.path, "collab"),
    env: { HF_ENDPOINT: session.hub.url, HF_TOKEN: session.tokens[user] },
  });
const json = async (args: string[], user?: keyof DevSession["tokens"]) =>
  JSON.parse((await hide([...args, "--json"], user)).stdout);

async function api(path: string, body?: object, user: keyof DevSession["tokens"] = "ada") {
  const headers = { "content-type": "application/json", authorization: `Bearer ${session.tokens[user]}` };
  const request = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const answer = await fetch(`${session.backendUrl}${path}`, { headers, ...request });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return JSON.parse(text);
}

async function postAll(): Promise<void> {
  const scratch = hub("ada").bucket("fast-gemma/gemma-ada-one");
  await scratch.create();
  await scratch.write([
    { path: ".bucket-sync-handshake", content: "ada" },
    {
      path: "result.md",
      content: `---\ntps: 99\nppl: 2.4\nmethod: ${SECRET}\nstatus: agent-run\ndescription: ${SECRET}\n---\n${SECRET}\n`,
    },
  ]);
  const agent_id = "ada-one";
  await api("/v1/agents/register", { agent_id, model: "m", harness: "h" });
  message = (await api("/v1/messages", { agent_id, body: `My key is ${SECRET}` })).filename;
  await api("/v1/taskforces", { agent_id, name: "tf", body: "# About" });
  note = (await api("/v1/taskforces/tf/files", { agent_id, body: SECRET })).filename;
  const source = "hf://buckets/fast-gemma/gemma-ada-one/result.md";
  const posted = await api("/v1/results", { source, announce: true });
  result = posted.filename;
  // One name stands for both.
  expect(posted.announcement).toBe(result);
  await api(`/v1/results/${result}:judge`, { state: "invalid", reason: SECRET, announce: true }, "organizer");
  const told = await api(`/v1/messages?via=server&q=${result}`);
  expect(told.items).toHaveLength(1);
  verdict = told.items[0];
}

/** How many of the documents are found by the secret word. */
async function found(): Promise<number[]> {
  const lists = ["/v1/messages", "/v1/results", "/v1/taskforces/tf/notes"];
  const answers = await Promise.all(lists.map((list) => api(`${list}?q=${SECRET}`)));
  return answers.map(({ matched }) => matched);
}

describe("hide", () => {
  test("says what it would do, and does nothing with --dry-run", async () => {
    const planned = await json([result, "--reason=leak", "--dry-run"]);
    expect(planned).toMatchObject({ ok: true, dry_run: true, changed: false });
    expect(planned.documents.map(({ state }: { state: string }) => state)).toEqual(["hidden", "hidden"]);
    expect((await hide([result, "--reason=leak", "--dry-run"])).stdout).toMatch(/^Would hide: results\//);
    expect(await json(["ada-one.md", "--reason=x", "--dry-run"])).toMatchObject({
      documents: [{ paths: ["agents/ada-one.md"] }],
    });
    expect(await central().readText(MODERATION)).toBeNull();
  });

  test("a message, a note and a result with all that announces it are taken off the board, and come back", async () => {
    expect(await found()).toEqual([3, 1, 1]);
    await central().write([
      { path: MODERATION, content: JSON.stringify({ by: "hand", hidden: { "other.md": "x" } }) },
    ]);
    const link = `${session.backendUrl}/v1/messages/${message}`;
    const hidden = await json([link, `results/${result}`, note, "--reason", " leaked key "]);
    expect(hidden).toEqual({
      ...{ ok: true, schema_version: 1, action: "hide", dry_run: false, changed: true },
      reason: "leaked key",
      documents: [
        { filename: message, paths: [`message_board/${message}`], state: "hidden", announces: null },
        {
          filename: result,
          paths: [`results/${result}`, `message_board/${result}`],
          ...{ state: "hidden", announces: null },
        },
        { filename: note, paths: [`taskforces/tf/${note}`], state: "hidden", announces: null },
        { filename: verdict, paths: [`message_board/${verdict}`], state: "hidden", announces: result },
      ],
      takes_effect_within_seconds: 28,
      central_bucket: session.centralBucket,
    });
    const names = [message, result, note, verdict];
    expect(await stored()).toEqual({
      by: "hand",
      hidden: { "other.md": "x", ...Object.fromEntries(names.map((name) => [name, "leaked key"])) },
    });

    // Also before the board has taken it up.
    const second = await json([message, result, "--reason=leaked key"]);
    expect(second).toMatchObject({ changed: false, takes_effect_within_seconds: null });
    await vi.waitFor(async () => expect(await found()).toEqual([0, 0, 0]), soon);
    for (const path of [`/v1/messages/${message}`, `/v1/results/${result}`, `/v1/messages/${verdict}`])
      expect((await api(path)).body).toBe("[hidden by the organisers: leaked key]");

    const before = await central().stat([MODERATION]);
    const again = await hide([message, result, "--reason=leaked key"]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Already hidden: message_board/) });
    expect(again.stdout).not.toContain("takes it up");
    expect(await central().stat([MODERATION])).toEqual(before);

    const listed = await json(["--list"]);
    expect(listed.count).toBe(5);
    expect(listed.hidden).toContainEqual({ filename: result, reason: "leaked key" });
    expect((await hide(["--list"])).stdout).toContain(`${message}  leaked key`);

    const shown = await json([message, result, note, "--undo"]);
    expect(shown).toMatchObject({ action: "undo", changed: true, reason: null });
    expect(shown.documents[3]).toEqual({
      ...{ filename: verdict, paths: [`message_board/${verdict}`], state: "shown", announces: result },
    });
    expect(await stored()).toEqual({ by: "hand", hidden: { "other.md": "x" } });
    await vi.waitFor(async () => expect(await found()).toEqual([3, 1, 1]), soon);
    expect(await json([message, "--undo"])).toMatchObject({
      changed: false,
      documents: [{ state: "not_hidden" }],
    });
  }, 300_000);

  test("says what hiding is not, and a new reason replaces the old one", async () => {
    const { stdout } = await hide([message, "--reason=one"]);
    expect(stdout).toMatch(/within 28 seconds[\s\S]*Nothing is deleted[\s\S]*revoke it/);
    expect(stdout).toContain(`hf buckets rm ${session.centralBucket} --recursive --include "*/${message}"`);
    expect(await json([message, "--reason=two"])).toMatchObject({
      changed: true,
      documents: [{ state: "reason_changed" }],
    });
    expect((await stored()).hidden[message]).toBe("two");
  });

  test("what was deleted in the bucket can be shown again all the same", async () => {
    const gone = "20260101-000000-000_gone.md";
    await central().write([{ path: MODERATION, content: JSON.stringify({ hidden: { [gone]: "x" } }) }]);
    expect(await json([gone, "--undo"])).toMatchObject({
      documents: [{ filename: gone, paths: [], state: "shown" }],
    });
    expect(await stored()).toEqual({ hidden: {} });
  });

  test("one unknown name, and nothing is hidden; the closest one is named", async () => {
    const typo = message.replace("ada-one", "ada-onw");
    const refused = await json([result, typo, "--reason=x"]);
    expect(refused).toMatchObject({
      ok: false,
      error: {
        code: "no_such_document",
        message: expect.stringContaining(typo),
        fix: `Did you mean ${message}?`,
        unknown: [typo],
      },
    });
    expect(await json([typo, "--undo"])).toMatchObject({ error: { code: "no_such_document" } });
    expect((await stored()).hidden).toEqual({});
  });

  test.each<[name: string, args: string[], code: string, exit: number, user?: "ada"]>([
    ["a participant", ["MESSAGE", "--reason=x"], "not_organiser", 1, "ada"],
    ["a participant who would undo", ["MESSAGE", "--undo"], "not_organiser", 1, "ada"],
    ["no name", ["--reason=x"], "usage", 2],
    ["no reason", ["MESSAGE"], "usage", 2],
    ["an empty reason", ["MESSAGE", "--reason= "], "usage", 2],
    ["a reason that the backend would not take", ["MESSAGE", `--reason=${"x".repeat(501)}`], "usage", 2],
    ["a reason with a token in it", ["MESSAGE", `--reason=hf_${"Zx9".repeat(12)}`], "usage", 2],
    ["--undo with a reason", ["MESSAGE", "--undo", "--reason=x"], "usage", 2],
    ["--list with a name", ["MESSAGE", "--list"], "usage", 2],
    ["a directory for a name", ["my-collab", "MESSAGE", "--reason=x"], "usage", 2],
    ["a README", ["taskforces/tf/README.md", "--reason=x"], "usage", 2],
    ["a trace", ["traces/ada-one/s1/manifest.md", "--reason=x"], "usage", 2],
  ])("%s is refused, and nothing is hidden", async (_name, args, code, exit, user) => {
    const given = args.map((arg) => (arg === "MESSAGE" ? message : arg));
    const refused = await hide([...given, "--json"], user);
    expect(JSON.parse(refused.stdout)).toMatchObject({ ok: false, error: { code } });
    expect(refused.code).toBe(exit);
    expect((await stored()).hidden).toEqual({});
  });

  test("a file that the backend would not take is left alone", async () => {
    const content = JSON.stringify({ hidden: { "a.md": "x".repeat(501) } });
    await central().write([{ path: MODERATION, content }]);
    for (const args of [["--list"], [message, "--reason=x"]])
      expect(await json(args)).toMatchObject({ error: { code: "moderation_unreadable" } });
    expect(await central().readText(MODERATION)).toBe(content);
  });
});

describe("a filename", () => {
  const NAME = "20260601-100000-000_ada.md";
  test.each([
    NAME,
    ` ${NAME} `,
    `message_board/${NAME}`,
    `hf://buckets/o/b/results/${NAME}`,
    `https://x.hf.space/v1/results/${NAME}?format=md`,
    `https://x.hf.space/v1/messages/${NAME}#top`,
    `https://x.hf.space/?message=${NAME}`,
    `https://x.hf.space/#/board/${NAME}`,
    `https://huggingface.co/buckets/o/b/resolve/message_board%2F${NAME}?download=true`,
  ])("is found in %s", (given) => {
    expect(filenameIn(given)).toBe(NAME);
  });

  test.each(["", ".", "collab", "../x", "a.json", ".md", "a b.md", "%E0%A4%A", `${"x".repeat(200)}.md`])(
    "%j has none",
    (given) => {
      expect(() => filenameIn(given)).toThrow(/is not the name of a message/);
    },
  );
});
