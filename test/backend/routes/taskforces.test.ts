import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;
let b: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  a = await under.agent("a", "ada");
  b = await under.agent("b-1", "bob");
});
afterAll(() => under?.[Symbol.asyncDispose]());

const create = (agent: TestAgent, name: string, body = "# T\n\nMaking kernels fast.") =>
  under.post("/v1/taskforces", { name, agent_id: agent.id, body }, agent.key);

describe("a taskforce", () => {
  test("is created by its README, rewritten only by its creator", async () => {
    expect(await create(a, "kernels")).toMatchObject({
      status: 201,
      body: { name: "kernels", via: "raw", path: "taskforces/kernels/README.md", created: true },
    });
    const stolen = await create(b, "kernels", "mine now");
    expect([stolen.status, stolen.body.error.code]).toEqual([409, "TASKFORCE_EXISTS"]);
    expect(stolen.body.error.hint).toContain("/v1/taskforces/kernels/files");
    const rewritten = await create(a, "kernels", "# T\n\nStill mine.");
    expect([rewritten.status, rewritten.body.created]).toEqual([200, false]);
    const { body } = await under.get("/v1/taskforces/kernels");
    expect(body).toMatchObject({
      creator: "a",
      readme: {
        filename: "README.md",
        body: "# T\n\nStill mine.",
        frontmatter: { taskforce: "kernels", creator: "a", via: "raw" },
      },
      contributors: ["a"],
      file_count: 1,
      note_count: 0,
      recent_notes: [],
    });
    expect(body.updated).toMatch(/UTC$/);
  });

  test("two creators at once: one has it", async () => {
    const answers = await Promise.all([create(a, "race"), create(b, "race")]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test("takes notes from everybody, from the request and from a bucket", async () => {
    const raw = await under.post(
      "/v1/taskforces/kernels/files",
      { agent_id: "b-1", body: "a thought" },
      b.key,
    );
    expect(raw).toMatchObject({ status: 201, body: { kind: "note", via: "raw" } });
    const source = await b.upload("note.md", "---\ntopic: cache\n---\nfrom a file");
    const promoted = await under.post("/v1/taskforces/kernels/files", { source }, b.key);
    expect(promoted).toMatchObject({ status: 201, body: { kind: "note", via: "bucket" } });
    expect((await under.post("/v1/taskforces/kernels/files", { source }, b.key)).body.error.code).toBe(
      "ALREADY_PROMOTED",
    );
    const notes = await under.get("/v1/taskforces/kernels/notes?expand=true&order=asc");
    expect(notes.body).toMatchObject({
      count: 2,
      items: [
        { frontmatter: { type: "note", agent: "b-1", via: "raw", taskforce: "kernels" }, body: "a thought" },
        { frontmatter: { topic: "cache", type: "note", via: "bucket" }, body: "from a file" },
      ],
    });
    expect((await under.get("/v1/taskforces")).body.items[0]).toMatchObject({
      name: "kernels",
      readme_excerpt: "Still mine.",
      contributors: ["a", "b-1"],
      note_count: 2,
      last_activity: promoted.body.filename.slice(0, 19),
    });
  });

  test("takes named files by hash, and serves them harmlessly", async () => {
    const source = await b.upload("out/page.html", "<script>alert(1)</script>");
    const post = (dest: string, from = source) =>
      under.post("/v1/taskforces/kernels/files", { source: from, dest_path: dest }, b.key);
    expect(await post("pages/p_b-1.html")).toMatchObject({
      status: 201,
      body: { kind: "file", filename: "pages/p_b-1.html" },
    });
    for (const dest of [
      "pages/p.html",
      "pages/p_b-1x.html",
      "pages/p_b-1_a.html",
      "x_b-1/README.md",
      "x_b-1/20990101-000000-000_a.md",
      "../x_b-1",
      "x_b-1/",
    ]) {
      expect((await post(dest)).body.error.code, dest).toBe("INVALID_PATH");
    }
    const served = await under.get("/v1/taskforces/kernels/files/pages/p_b-1.html");
    expect([served.status, served.body, served.headers.get("content-type")]).toEqual([
      200,
      "<script>alert(1)</script>",
      "text/plain; charset=utf-8",
    ]);
    expect(
      (await under.get("/v1/taskforces/kernels/files")).body.items.map((f: { path: string }) => f.path),
    ).toContain("pages/p_b-1.html");
    const readme = await under.get("/v1/taskforces/kernels/files/README.md");
    expect(readme.headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    const replaced = await b.upload("out/page2.html", "second");
    await post("pages/p_b-1.html", replaced);
    expect((await under.get("/v1/taskforces/kernels/files/pages/p_b-1.html")).body).toBe("second");
    expect((await under.get("/v1/taskforces/kernels/files/none.txt")).body.error.code).toBe("NOT_FOUND");
    expect((await under.get("/v1/taskforces/kernels/files/.hidden")).body.error.code).toBe("INVALID_PATH");
  });

  test("a README from a bucket is taken once, but an earlier one may come back", async () => {
    const first = await a.upload("one.md", "one");
    const second = await a.upload("two.md", "two");
    const post = (source: string) => under.post("/v1/taskforces", { name: "readmes", source }, a.key);
    expect([
      (await post(first)).status,
      (await post(first)).body.error.code,
      (await post(second)).status,
      (await post(first)).status,
    ]).toEqual([201, "ALREADY_PROMOTED", 200, 200]);
  });

  test.each<[unknown, number, string]>([
    [{}, 422, "INVALID_REQUEST"],
    [{ name: "T", agent_id: "none", body: "x" }, 400, "INVALID_PATH"],
    [{ name: "t", agent_id: "NONE", body: "x" }, 400, "INVALID_PATH"],
    [{ name: "t", agent_id: "none", body: "x" }, 404, "NOT_REGISTERED"],
    [{ name: "t", agent_id: "human-ada", body: "x" }, 404, "NOT_REGISTERED"],
    [{ name: "t", agent_id: "a", body: "x" }, 401, "UNAUTHORIZED"],
    [{ name: "t", source: "hf://buckets/demo/gemma-none/x" }, 404, "NOT_REGISTERED"],
    [{ name: "t", source: "hf://buckets/other/gemma-a/x" }, 400, "INVALID_PATH"],
  ])("%j is refused with %i %s", async (json, status, code) => {
    const answer = await under.post("/v1/taskforces", json);
    expect([answer.status, answer.body.error.code]).toEqual([status, code]);
  });

  test("an unknown one is 404 before anything else of the request is looked at", async () => {
    const answer = await under.post("/v1/taskforces/none/files", { agent_id: "NOBODY", body: "x" });
    expect([answer.status, answer.body.error.code]).toEqual([404, "TASKFORCE_NOT_FOUND"]);
    const both = await under.post("/v1/taskforces/none/files", { source: "x", dest_path: "y", type: "z" });
    expect(both.status).toBe(422);
  });
});
