/** The folders of a collab that go to the Hub: harness, private data, evaluator. */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { prepareDeployment } from "../../wizard/deploy/deploy.ts";
import { folderPrefix, readFolder } from "../../wizard/deploy/folders/read-folder.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { WorkFolder } from "../support/work-folder.ts";
import { CollabFolder, EVERYTHING, everythingYaml, SMALL_BACKEND } from "./support.ts";

const LIMITS = { files: 10, bytes: 10_000 };

/** A collab directory with these files, read as its `harness`. */
async function read(
  files: Record<string, string>,
  links: Record<string, string> = {},
  more: Partial<Parameters<typeof readFolder>[0]> = {},
) {
  await using work = await WorkFolder.create();
  const dir = join(work.path, "collab");
  await mkdir(dir);
  await writeFile(join(work.path, "outside.txt"), "not of this collab");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  for (const [path, target] of Object.entries(links)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await symlink(target, join(dir, path));
  }
  return await readFolder({ dir, folder: "harness", limits: LIMITS, isPublic: true, ...more });
}

describe("reading a folder", () => {
  test("takes files of every depth, and leaves caches, hidden files and secrets where they are", async () => {
    const found = await read({
      "harness/run.py": "1",
      "harness/a/b/deep.txt": "2",
      "harness/empty.py": "",
      "harness/__pycache__/run.pyc": "3",
      "harness/.env": "4",
      "harness/prod.env": "5",
      "harness/keys/id_rsa": "6",
      "harness/server.pem": "7",
      "harness/secrets.yaml": "8",
      "harness/node_modules/x/index.js": "9",
      "elsewhere.txt": "10",
    });
    if (!found.ok) throw new Error(found.message);
    expect(found.files.map(({ path }) => path)).toEqual([
      "harness/a/b/deep.txt",
      "harness/empty.py",
      "harness/run.py",
    ]);
    expect(found.leftOut).toEqual([
      "harness/.env",
      "harness/__pycache__",
      "harness/keys/id_rsa",
      "harness/node_modules",
      "harness/prod.env",
      "harness/secrets.yaml",
      "harness/server.pem",
    ]);
  });

  test("follows a link to a file of the collab, unless that is one that stays", async () => {
    const files = { "harness/run.py": "1", "shared.py": "2", ".env": "3" };
    const found = await read(files, { "harness/shared.py": "../shared.py", "harness/settings": "../.env" });
    if (!found.ok) throw new Error(found.message);
    expect(found.files.map(({ path }) => path)).toEqual(["harness/run.py", "harness/shared.py"]);
    expect(found.leftOut).toEqual(["harness/settings"]);
  });

  test.each<[what: string, links: Record<string, string>, message: RegExp]>([
    ["to a file elsewhere", { "harness/x": "../../outside.txt" }, /leads out of the collab directory/],
    ["to a system file", { "harness/x": "/etc/hostname" }, /leads out of the collab directory/],
    ["through another link", { "harness/x": "y", "harness/y": "../../outside.txt" }, /leads out/],
    ["to a folder", { "harness/x": "../task" }, /link to something that is no file/],
    ["to nothing", { "harness/x": "nowhere" }, /link to something that is no file/],
  ])("stops at a link %s", async (_, links, message) => {
    const found = await read({ "harness/run.py": "1", "task/goal.md": "2" }, links);
    expect(found).toMatchObject({
      ok: false,
      message: expect.stringMatching(message),
      fix: expect.any(String),
    });
  });

  test("stops at a folder that is itself a link out of the collab", async () => {
    expect(await read({ "a.txt": "1" }, { harness: "../.." })).toMatchObject({
      ok: false,
      message: expect.stringContaining("leads out"),
    });
  });

  test.each([
    ["too many files", Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`harness/${n}`, "x"]))],
    ["too many bytes", { "harness/a": "x".repeat(6_000), "harness/b": "x".repeat(6_000) }],
  ])("stops at %s and says how many may be", async (_, files) => {
    expect(await read(files)).toMatchObject({
      ok: false,
      message: expect.stringMatching(/too large: at most 10 files and .* MB/),
    });
  });

  test("stops at a token in what becomes public, and only there", async () => {
    const files = { "harness/run.py": `TOKEN = "hf_${"Ab1".repeat(12)}"` };
    const found = await read(files);
    expect(found).toMatchObject({
      ok: false,
      message: expect.stringContaining("harness/run.py holds a token"),
    });
    expect(JSON.stringify(found)).not.toContain("Ab1Ab1");
    expect(await read(files, {}, { isPublic: false })).toMatchObject({ ok: true });
  });

  test.each([
    [".", /whole collab directory/],
    ["./", /whole collab directory/],
    ["nowhere", /no folder nowhere/],
    ["task/goal.md", /no folder/],
    ["hollow", /no file/],
  ])("%s is no folder to upload", async (folder, message) => {
    const found = await read({ "task/goal.md": "1", "hollow/.keep": "" }, {}, { folder });
    expect(found).toMatchObject({ ok: false, message: expect.stringMatching(message) });
  });

  test.each([
    ["./harness/", "harness"],
    ["a//b", "a/b"],
    ["a\\b", "a/b"],
    [".", ""],
  ])("%s is the prefix %s", (folder, prefix) => expect(folderPrefix(folder)).toBe(prefix));
});

describe("deploying them", () => {
  let server: LocalHub;
  beforeAll(async () => {
    server = await startLocalHub();
  });
  afterAll(() => server.close());
  const hub = () => createHub({ endpoint: server.url, token: "hf_local_organizer" });
  const paths = async (bucket: string, prefix?: string) => {
    const found: string[] = [];
    for await (const { path } of hub().bucket(bucket).list(prefix)) found.push(path);
    return found.sort();
  };
  const folderItems = ({ plan }: { plan: { kind: string }[] }) =>
    plan.filter(({ kind }) => kind === "folder");

  test("the harness is what the folder is: made, changed, and what vanished goes", async () => {
    await using folder = await CollabFolder.create({
      ...SMALL_BACKEND,
      "collab.yaml": "collab: {slug: h, title: H, org: demo}\njobs: {enabled: true, harness: ./bench/}\n",
      "bench/run.py": "print(1)\n",
      "bench/lib/__init__.py": "",
      "bench/lib/old.py": "x = 1\n",
      "bench/.env": "SECRET=1\n",
    });
    const first = await prepareDeployment(await folder.options(server));
    expect(folderItems(first)).toMatchObject([
      {
        id: "demo/h-main-bucket/bench",
        action: "create",
        changes: [expect.stringContaining("3 of 3 files")],
      },
    ]);
    expect(first.checks.find(({ name }) => name === "harness")).toMatchObject({
      state: "ok",
      data: { left_out: ["bench/.env"] },
    });
    await first.apply();
    const uploaded = ["bench/lib/__init__.py", "bench/lib/old.py", "bench/run.py"];
    expect(await paths("demo/h-main-bucket", "bench")).toEqual(uploaded);
    expect((await prepareDeployment(await folder.options(server))).changes).toBe(false);

    await folder.write({ "bench/run.py": "print(2)\n" });
    await rm(join(folder.dir, "bench/lib/old.py"));
    const second = await prepareDeployment(await folder.options(server));
    expect(folderItems(second)).toMatchObject([
      {
        action: "update",
        put: ["bench/run.py"],
        delete: ["bench/lib/old.py"],
        changes: ["1 of 2 files: run.py", "removes: lib/old.py"],
      },
    ]);
    await second.apply();
    expect(await paths("demo/h-main-bucket", "bench")).toEqual(["bench/lib/__init__.py", "bench/run.py"]);
    expect(await hub().bucket("demo/h-main-bucket").readText("bench/run.py")).toBe("print(2)\n");
  });

  test("a harness named like a folder of the record is refused: it would replace the record", async () => {
    await using folder = await CollabFolder.create({
      ...SMALL_BACKEND,
      "collab.yaml": "collab: {slug: r, title: R, org: demo}\njobs: {enabled: true, harness: results}\n",
      "results/run.py": "print(1)\n",
    });
    await expect(prepareDeployment(await folder.options(server))).rejects.toMatchObject({
      code: "preflight",
      message: expect.stringContaining("keeps other things under results/"),
    });
  });

  test("private data goes to the audit bucket and nowhere else; without it verification by Jobs is refused", async () => {
    const mark = "only verification may see this line";
    await using folder = await CollabFolder.create({
      ...SMALL_BACKEND,
      "collab.yaml":
        "collab: {slug: p, title: P, org: demo}\njobs: {enabled: true}\nverification: {mode: jobs, private_data: hidden/set}\n",
      "harness/run.py": "print(1)\n",
    });
    await expect(prepareDeployment(await folder.options(server))).rejects.toMatchObject({
      code: "preflight",
      message: expect.stringContaining("no folder hidden/set"),
      fix: expect.stringMatching(/Make the folder/),
      data: { reason: "private_data" },
    });
    // A rehearsal on this machine goes without, and says so.
    const rehearsal = await prepareDeployment(await folder.options(server, { rehearsal: true }));
    expect(rehearsal.checks.find(({ name }) => name === "private_data")).toMatchObject({ state: "warn" });
    await folder.write({ "hidden/set/questions.txt": mark });
    const deployment = await prepareDeployment(await folder.options(server));
    expect(folderItems(deployment)).toMatchObject([
      { id: "demo/p-main-bucket/harness" },
      { id: "demo-admin/p-audit/hidden/set", action: "create", purpose: "private data" },
    ]);
    await deployment.apply();
    expect(await hub().bucket("demo-admin/p-audit").readText("hidden/set/questions.txt")).toBe(mark);
    for (const path of await paths("demo/p-main-bucket")) {
      expect(await hub().bucket("demo/p-main-bucket").readText(path), path).not.toContain(mark);
    }
    const space = hub().space("demo/p-backend");
    for (const path of (await space.files()).keys())
      expect(await space.readText(path), path).not.toContain(mark);
  });

  test("the eval Space is private, is told where the backend is, and is asked for its version", async () => {
    await using folder = await CollabFolder.create({ ...EVERYTHING, "collab.yaml": everythingYaml("e") });
    const lines: string[] = [];
    const first = await prepareDeployment(
      await folder.options(server, { progress: (line) => lines.push(line) }),
    );
    expect(first.plan.filter(({ kind }) => kind === "space").map(({ id, action }) => [id, action])).toEqual([
      ["demo/e-backend", "create"],
      ["demo-admin/e-eval", "create"],
    ]);
    const { backendUrl } = await first.apply();
    const space = hub().space("demo-admin/e-eval");
    expect(await space.info()).toMatchObject({ private: true, runtime: { stage: "RUNNING" } });
    expect(Object.fromEntries(await space.variables())).toMatchObject({
      BACKEND_API_URL: backendUrl,
      CENTRAL_BUCKET: "demo/e-main-bucket",
    });
    expect([...(await space.files()).keys()]).toEqual(
      expect.arrayContaining(["collab.yaml", "deployment.json", "evaluator/evaluate.py", "server.js"]),
    );
    // It may answer before its stage is seen to be "running".
    expect(lines.join("\n")).toMatch(/demo-admin\/e-eval: .*(?:starting|running)/);
    const again = await prepareDeployment(await folder.options(server));
    expect(again.plan.map(({ action }) => action)).toEqual(Array(again.plan.length).fill("unchanged"));

    await folder.write({ "evaluator/evaluate.py": "# better\n" });
    const update = await prepareDeployment(await folder.options(server));
    expect(update.plan.filter(({ action }) => action !== "unchanged")).toMatchObject([
      { id: "demo-admin/e-eval", put: ["evaluator/evaluate.py", "deployment.json"] },
    ]);
    await update.apply();
    expect(await space.readText("evaluator/evaluate.py")).toBe("# better\n");
  });

  test("without code of the collab's own, the eval Space runs that of the package", async () => {
    const files = Object.entries(EVERYTHING).filter(([path]) => !path.startsWith("spaces/eval"));
    await using folder = await CollabFolder.create({
      ...Object.fromEntries(files),
      "collab.yaml": everythingYaml("shipped"),
    });
    await (await prepareDeployment(await folder.options(server))).apply();
    expect((await prepareDeployment(await folder.options(server))).changes).toBe(false);
    expect(await hub().space("demo-admin/shipped-eval").info()).toMatchObject({
      private: true,
      runtime: { stage: "RUNNING" },
    });
  });

  test("an eval Space that somebody made public blocks", async () => {
    await using folder = await CollabFolder.create({ ...EVERYTHING, "collab.yaml": everythingYaml("open") });
    const variables = { AGENT_COLLAB_OWNER: "demo/open-main-bucket" };
    await hub().space("demo-admin/open-eval").create({ sdk: "docker", variables });
    const { plan } = await prepareDeployment(await folder.options(server));
    expect(plan.find(({ id }) => id === "demo-admin/open-eval")).toMatchObject({
      action: "blocked",
      changes: [expect.stringContaining("must be private")],
    });
  });
});
