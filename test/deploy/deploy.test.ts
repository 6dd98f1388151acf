import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { prepareDeployment } from "../../wizard/deploy/deploy.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { UserError } from "../../wizard/terminal/errors.ts";
import { addUser, CollabFolder, SMALL_BACKEND } from "./support.ts";

let server: LocalHub;
beforeAll(async () => {
  server = await startLocalHub();
});
afterAll(() => server.close());

const hub = () => createHub({ endpoint: server.url, token: "hf_local_organizer" });
const actions = (deployment: { plan: { kind: string; action: string }[] }) =>
  deployment.plan.map(({ kind, action }) => `${kind} ${action}`);

/** An own slug a test, so that tests share a hub. */
async function collab(slug: string, more = "") {
  const yaml = `collab:\n  slug: ${slug}\n  title: "About ${slug}: & more"\n  org: demo\n${more}`;
  return CollabFolder.create({ ...SMALL_BACKEND, "collab.yaml": yaml });
}

describe("deploying", () => {
  test("makes everything, and the second time changes and restarts nothing", async () => {
    await using folder = await collab("first");
    const deployment = await prepareDeployment(await folder.options(server));
    expect(actions(deployment)).toEqual([
      "bucket create",
      "bucket create",
      "space create",
      "files create",
      "files create",
    ]);
    const { backendUrl } = await deployment.apply();
    const health = async () => (await fetch(`${backendUrl}/v1/healthz`)).json();
    const before = await health();
    expect(before).toMatchObject({ status: "ok", version: deployment.version, token: true });

    const central = hub().bucket("demo/first-main-bucket");
    expect(await central.readText("README.md")).toContain(backendUrl);
    expect(await central.readText("collab.yaml")).toContain("slug: first");
    expect(await central.readText("results/verification_status.json")).toBe("{}\n");
    expect(await hub().bucket("demo-admin/first-audit").info()).toMatchObject({ private: true });
    expect([...(await hub().space("demo/first-backend").files()).keys()]).toEqual(
      expect.arrayContaining(["Dockerfile", "README.md", "collab.yaml", "deployment.json", "server.js"]),
    );

    const second = await prepareDeployment(await folder.options(server));
    expect(new Set(second.plan.map(({ action }) => action))).toEqual(new Set(["unchanged"]));
    expect(second.changes).toBe(false);
    await second.apply();
    expect(await health()).toEqual(before);
  });

  test("brings a changed collab.yaml by one commit, and waits for the new version", async () => {
    await using folder = await collab("changing");
    const first = await prepareDeployment(await folder.options(server));
    const { backendUrl } = await first.apply();

    await folder.write({ "collab.yaml": "collab:\n  slug: changing\n  title: Another title\n  org: demo\n" });
    const second = await prepareDeployment(await folder.options(server));
    expect(second.plan.filter(({ action }) => action !== "unchanged")).toMatchObject([
      { kind: "space", action: "update", put: ["collab.yaml", "deployment.json"], setSecrets: [] },
      { kind: "files", action: "update", put: expect.arrayContaining(["README.md", "collab.yaml"]) },
    ]);
    await second.apply();
    const health = await (await fetch(`${backendUrl}/v1/healthz`)).json();
    expect(health).toMatchObject({ version: second.version });
    expect(second.version).not.toBe(first.version);
  });

  test("applies what was planned, whatever happens to the files meanwhile", async () => {
    await using folder = await collab("nonsense");
    const deployment = await prepareDeployment(await folder.options(server));
    await folder.write({ "collab.yaml": "collab: [", "task/goal.md": "" });
    await deployment.apply();
    expect(await hub().bucket("demo/nonsense-main-bucket").readText("collab.yaml")).toContain(
      "slug: nonsense",
    );
  });

  test("leaves the verification index alone once it is there", async () => {
    await using folder = await collab("judged");
    await (await prepareDeployment(await folder.options(server))).apply();
    const central = hub().bucket("demo/judged-main-bucket");
    await central.write([{ path: "results/verification_status.json", content: '{"a.md":"valid"}' }]);
    await folder.write({ "task/goal.md": "Another goal.\n" });
    await (await prepareDeployment(await folder.options(server))).apply();
    expect(await central.readText("results/verification_status.json")).toBe('{"a.md":"valid"}');
    expect(await central.readText("README.md")).toContain("Another goal.");
  });

  test("sets the backend's token anew only when it is another one", async () => {
    await addUser(server, "second");
    await using folder = await collab("rotated");
    await (await prepareDeployment(await folder.options(server))).apply();
    const variables = await hub().space("demo/rotated-backend").variables();
    expect([...variables.values()].join()).not.toContain("hf_local");

    const options = await folder.options(server, {
      spaceToken: { token: "hf_local_second", source: "a test" },
    });
    const rotation = await prepareDeployment(options);
    expect(rotation.plan.filter(({ action }) => action !== "unchanged")).toMatchObject([
      {
        kind: "space",
        setSecrets: ["HF_TOKEN"],
        setVariables: ["HF_TOKEN_FINGERPRINT"],
        put: ["deployment.json"],
      },
    ]);
    await rotation.apply();
    expect((await prepareDeployment(options)).changes).toBe(false);
  });

  test("takes the place of a lost Space, and finds its buckets again", async () => {
    await using folder = await collab("lost");
    await (await prepareDeployment(await folder.options(server))).apply();
    await hub()
      .bucket("demo/lost-main-bucket")
      .write([{ path: "agents/a.md", content: "kept" }]);
    await hub().space("demo/lost-backend").delete();
    const again = await prepareDeployment(await folder.options(server));
    expect(actions(again).slice(0, 3)).toEqual(["bucket unchanged", "bucket unchanged", "space create"]);
    await again.apply();
    expect(await hub().bucket("demo/lost-main-bucket").readText("agents/a.md")).toBe("kept");
  });
});

describe("what belongs to somebody else", () => {
  test("blocks the whole deployment, and nothing is touched", async () => {
    await using folder = await collab("taken");
    await hub().space("demo/taken-backend").create({ sdk: "docker" });
    const deployment = await prepareDeployment(await folder.options(server));
    expect(deployment.plan.find(({ kind }) => kind === "space")).toMatchObject({
      action: "blocked",
      changes: [expect.stringContaining("--adopt")],
    });
    await expect(deployment.apply()).rejects.toMatchObject({
      code: "blocked",
      message: expect.stringContaining("demo/taken-backend"),
    });
    expect(await hub().bucket("demo/taken-main-bucket").info()).toBeNull();
  });

  test("blocks for a bucket with files, not for an empty one", async () => {
    await using folder = await collab("used");
    await hub().bucket("demo/used-main-bucket").create();
    await hub().bucket("demo-admin/used-audit").create({ private: true });
    await hub()
      .bucket("demo-admin/used-audit")
      .write([{ path: "diary.txt", content: "mine" }]);
    const { plan } = await prepareDeployment(await folder.options(server));
    expect(plan.filter(({ kind }) => kind === "bucket").map(({ action }) => action)).toEqual([
      "blocked",
      "unchanged",
    ]);
  });

  test("is taken over with adopt, and is ours from then on", async () => {
    await using folder = await collab("adopted");
    await hub().space("demo/adopted-backend").create({ sdk: "docker" });
    await hub().bucket("demo/adopted-main-bucket").create();
    await hub()
      .bucket("demo/adopted-main-bucket")
      .write([{ path: "old.txt", content: "old" }]);
    await (await prepareDeployment(await folder.options(server, { adopt: true }))).apply();
    expect((await prepareDeployment(await folder.options(server))).changes).toBe(false);
    expect(await hub().bucket("demo/adopted-main-bucket").readText("old.txt")).toBe("old");
  });
});

describe("before anything is touched", () => {
  test.each([
    ["a token that nobody holds", { token: "hf_local_nobody" }, "invalid_token"],
    ["a contributor's token", { token: "hf_local_ada" }, "preflight"],
  ])("%s is refused with what to do", async (_, target, code) => {
    await using folder = await collab("early");
    const options = await folder.options(server);
    const error = await prepareDeployment({ ...options, target: { ...options.target, ...target } }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code, exitCode: 4 });
    expect(`${(error as UserError).message} ${(error as UserError).fix}`).toContain(server.url);
    expect(await hub().bucket("demo/early-main-bucket").info()).toBeNull();
  });

  test("a missing organisation is named with where to make it", async () => {
    await using folder = await CollabFolder.create({
      ...SMALL_BACKEND,
      "collab.yaml": "collab:\n  slug: x\n  title: X\n  org: nowhere\n  admin_org: demo-admin\n",
    });
    await expect(prepareDeployment(await folder.options(server))).rejects.toMatchObject({
      code: "preflight",
      fix: expect.stringContaining("/organizations/new"),
    });
  });
});

test("a backend that cannot start is reported with its log, and mended by the next run", async () => {
  await using folder = await collab("broken");
  const good = SMALL_BACKEND["spaces/backend/server.js"];
  await folder.write({ "spaces/backend/server.js": 'throw new Error("no luck today");\n' });
  const error = await (await prepareDeployment(await folder.options(server)))
    .apply()
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "space_failed", message: expect.stringContaining("no luck today") });

  await folder.write({ "spaces/backend/server.js": good });
  await (await prepareDeployment(await folder.options(server))).apply();
  expect((await prepareDeployment(await folder.options(server))).changes).toBe(false);
});
