/** What organisers change beside the backend, and what the backend keeps up to date by itself. */

import { describe, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { startBackend } from "../../../template/spaces/backend/start.ts";
import { BackendUnderTest } from "../../support/backend.ts";

const soon = { timeout: 20_000, interval: 50 };
const FAST = {
  start: {
    recordLimits: { editsWithinMs: 200, reconcileNewestMs: 300, pendingWithinMs: 100 },
    leaderboardDelayMs: 100,
  },
};

describe("organisers' edits", () => {
  test("a verdict in the index ranks and unranks a result", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    const filename = await under.result(a, 3);
    // The Hub has no compare-and-swap: an edit in the very moment of the backend's own entry could be lost.
    await vi.waitFor(
      async () =>
        expect(await under.central.readText("results/verification_status.json")).toContain(filename),
      soon,
    );
    await under.central.write([
      { path: "results/verification_status.json", content: JSON.stringify({ [filename]: "invalid" }) },
    ]);
    await vi.waitFor(async () => {
      const { body } = await under.get("/v1/leaderboard");
      expect(body.rows).toEqual([]);
      expect(body.meta.excluded).toMatchObject({ verification_invalid: 1 });
    }, soon);
    expect((await under.get(`/v1/results/${filename}`)).body.verification).toBe("invalid");
    expect((await under.get("/v1/results?verification=pending")).body.matched).toBe(0);
    expect((await under.get("/v1/leaderboard?verification=invalid")).body.rows).toHaveLength(1);
  });

  test("a changed collab.yaml takes effect, a broken one does not", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    await under.result(a, 1);
    const b = await under.agent("b", "bob");
    await under.result(b, 2);
    const leader = async () => (await under.get("/v1/leaderboard")).body.rows[0]?.agent;
    expect(await leader()).toBe("b");
    const put = (yaml: unknown) =>
      under.central.write([
        { path: "collab.yaml", content: typeof yaml === "string" ? yaml : stringify(yaml) },
      ]);
    const base = {
      collab: { slug: "gemma", title: "New title", org: "demo" },
      scoring: { direction: "lower" },
    };
    await put(base);
    await vi.waitFor(async () => expect(await leader()).toBe("a"), soon);
    expect((await under.get("/v1")).body.title).toBe("New title");
    await put("collab: [broken");
    await put({ ...base, collab: { ...base.collab, status: "paused" } });
    await vi.waitFor(async () => {
      const { body } = await under.post("/v1/messages", { agent_id: "a", body: "x" }, a.key);
      expect(body.error?.code).toBe("COLLAB_CLOSED");
    }, soon);
    expect(await leader()).toBe("a");
  });

  test("a collab.yaml that changes again and again loses no request", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    const titles = new Set<string>();
    const posts: Promise<string>[] = [];
    for (let round = 0; titles.size < 4; round += 1) {
      const collab = { slug: "gemma", title: `Title ${Math.floor(round / 20)}`, org: "demo" };
      const limits = {
        raw_messages_per_minute: 10_000,
        raw_messages_per_hour: 100_000,
        user_writes_per_minute: 10_000,
        address_writes_per_minute: 10_000,
      };
      if (round % 20 === 0)
        await under.central.write([
          { path: "collab.yaml", content: stringify({ collab, board: { limits } }) },
        ]);
      posts.push(under.say(a, `during round ${round}`));
      titles.add((await under.get("/v1")).body.title);
    }
    const taken = await Promise.all(posts);
    const { items } = (await under.get("/v1/messages?limit=0")).body;
    expect(items.toSorted()).toEqual(taken.toSorted());
  });

  test("what is hidden keeps its place and loses its text, everywhere", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    await under.agent("b", "bob");
    const before = await under.say(a, "fine");
    const filename = await under.say(a, "buy my token @b", { type: "ad" });
    const start = (await under.get(`/v1/changes?after=${before.slice(0, 19)}`)).body;
    expect(start.items[0].excerpt).toContain("token");
    await under.central.write([
      { path: "moderation.json", content: JSON.stringify({ hidden: { [filename]: "advertising" } }) },
    ]);
    await vi.waitFor(
      async () =>
        expect((await under.get(`/v1/messages/${filename}`)).body.body).toBe(
          "[hidden by the organisers: advertising]",
        ),
      soon,
    );
    expect((await under.get("/v1/messages?expand=true")).body).toMatchObject({
      count: 2,
      items: [{ filename, frontmatter: { agent: "a", type: "ad", hidden: true } }, { body: "fine" }],
    });
    for (const path of [
      "/v1/inbox/b?expand=true",
      "/v1/digest?as=b",
      "/",
      "/v1/messages?expand=true&q=token",
    ]) {
      expect(JSON.stringify((await under.get(path)).body), path).not.toContain("buy my token");
    }
    const changes = (await under.get(`/v1/changes?after=${before.slice(0, 19)}&as=b&kinds=message`)).body;
    expect(changes.items.map(({ excerpt }: { excerpt: string }) => excerpt)).toEqual([
      "[hidden by the organisers: advertising]",
      "[hidden by the organisers: advertising]",
    ]);
    // A mistake in the file uncovers nothing: seen together with an edit that does take effect.
    const result = await under.result(a, 4);
    await under.central.write([
      { path: "moderation.json", content: "{" },
      { path: "results/verification_status.json", content: JSON.stringify({ [result]: "valid" }) },
    ]);
    await vi.waitFor(
      async () => expect((await under.get(`/v1/results/${result}`)).body.verification).toBe("valid"),
      soon,
    );
    expect((await under.get(`/v1/messages/${filename}`)).body.body).toContain("hidden");
  });

  test("followers are told what was hidden and what is shown again", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    await under.agent("b", "bob");
    const filename = await under.say(a, "buy my token @b");
    const { next } = (await under.get("/v1/changes")).body;
    const told = async () => {
      const { items } = (await under.get(`/v1/changes?after=${next}`)).body;
      return items.map(({ kind, path, state }: Record<string, string>) => [kind, path, state]);
    };
    const path = `message_board/${filename}`;
    const hide = (hidden: Record<string, string>) =>
      under.central.write([{ path: "moderation.json", content: JSON.stringify({ hidden }) }]);
    const expected = [["moderation", path, "hidden"]];
    await hide({ [filename]: "advertising", "no-such-file.md": "" });
    await vi.waitFor(async () => expect(await told()).toEqual(expected), soon);
    await hide({ "no-such-file.md": "" });
    expected.push(["moderation", path, "shown"]);
    await vi.waitFor(async () => expect(await told()).toEqual(expected), soon);
  });

  test("a backend that starts never shows it, also while it waits for another one to stop", async () => {
    await using under = await BackendUnderTest.start();
    const filename = await under.say(await under.agent("a"), "buy my token");
    await under.central.write([
      { path: "moderation.json", content: JSON.stringify({ hidden: { [filename]: "advertising" } }) },
    ]);
    await using waiting = await startBackend({ config: under.config });
    const shown = await vi.waitFor(async () => {
      const answer = await fetch(`${waiting.url}/v1/messages/${filename}`);
      expect(answer.status).toBe(200);
      return answer.json();
    }, soon);
    expect(shown).toMatchObject({ body: "[hidden by the organisers: advertising]" });
    expect(await (await fetch(`${waiting.url}/v1/readyz`)).json()).toMatchObject({
      missing: ["write lease"],
    });
  });

  test("no search finds what is hidden, until it is shown again", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    await under.agent("b", "bob");
    const message = await under.say(a, "xyzzy @b");
    await under.say(a, "xyzzy as well @b");
    const result = await under.result(a, 3, "note: xyzzy\n");
    const taskforce = { agent_id: "a", name: "tf", body: "# About" };
    expect((await under.post("/v1/taskforces", taskforce, a.key)).status).toBe(201);
    const note = await under.post("/v1/taskforces/tf/files", { agent_id: "a", body: "xyzzy" }, a.key);
    expect(note.status).toBe(201);
    const matched = async () => {
      const lists = ["/v1/messages", "/v1/inbox/b", "/v1/results", "/v1/taskforces/tf/notes"];
      const answers = await Promise.all(lists.map((list) => under.get(`${list}?q=xyzzy`)));
      return answers.map(({ body }) => [body.matched, body.items.length]);
    };
    const shown = [2, 2, 1, 1].map((n) => [n, n]);
    expect(await matched()).toEqual(shown);
    await vi.waitFor(
      async () => expect(await under.central.readText("leaderboard/README.md")).toContain("r-3"),
      soon,
    );
    const hide = (...names: string[]) => {
      const hidden = Object.fromEntries(names.map((name) => [name, ""]));
      return under.central.write([{ path: "moderation.json", content: JSON.stringify({ hidden }) }]);
    };
    await hide(message, result, note.body.filename);
    await vi.waitFor(async () => expect(await matched()).toEqual([1, 1, 0, 0].map((n) => [n, n])), soon);
    await vi.waitFor(
      async () => expect(await under.central.readText("leaderboard/README.md")).not.toContain("r-3"),
      soon,
    );
    await hide();
    await vi.waitFor(async () => expect(await matched()).toEqual(shown), soon);
  });

  test("a message uploaded beside the backend appears", async () => {
    await using under = await BackendUnderTest.start(FAST);
    await under.central.write([
      {
        path: "message_board/20260608-212040_human-x_ab12cd34.md",
        content: "---\nagent: human-x\n---\n\nby hand\n",
      },
    ]);
    await vi.waitFor(async () => {
      expect((await under.get("/v1/messages?expand=true")).body.items).toMatchObject([{ body: "by hand" }]);
    }, soon);
  });
});

describe("leaderboard/ in the central bucket", () => {
  test("follows the ranking", async () => {
    await using under = await BackendUnderTest.start(FAST);
    const a = await under.agent("a");
    await under.result(a, 1);
    const best = await under.result(a, 2, "", "sneaky | [x](y)");
    await vi.waitFor(async () => {
      const ranking = JSON.parse((await under.central.readText("leaderboard/leaderboard.json")) ?? "null");
      expect(ranking?.rows).toMatchObject([{ rank: 1, agent: "a", score: 2, filename: best }]);
    }, soon);
    const readme = await under.central.readText("leaderboard/README.md");
    expect(readme).toContain("| 1 | a | 2 | pending | sneaky \\| \\[x\\]\\(y\\) |");
    const history = JSON.parse((await under.central.readText("leaderboard/history.json")) ?? "[]");
    expect(history.map((entry: { score: number }) => entry.score)).toEqual([1, 2]);
  });
});

test("a repeated Idempotency-Key gives the first answer, also after a restart", async () => {
  await using under = await BackendUnderTest.start();
  const a = await under.agent("a");
  const send = (body: string, key = "k1") =>
    under.request("/v1/messages", {
      json: { agent_id: "a", body },
      token: a.key,
      headers: { "idempotency-key": key },
    });
  const first = await send("once");
  expect(await send("once")).toMatchObject({ status: 201, body: first.body });
  expect((await send("something else")).body.error.code).toBe("IDEMPOTENCY_CONFLICT");
  await under.restart();
  expect((await send("once")).body).toEqual(first.body);
  expect((await under.get("/v1/messages")).body.count).toBe(1);
  expect((await send("x", "k".repeat(201))).status).toBe(422);

  const source = await a.upload("m.md", "promoted");
  const promote = () =>
    under.request("/v1/messages", { json: { source }, token: a.key, headers: { "idempotency-key": "k2" } });
  expect((await promote()).body).toEqual((await promote()).body);
});
