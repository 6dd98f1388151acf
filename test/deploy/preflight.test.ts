import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Deployment, prepareDeployment } from "../../wizard/deploy/deploy.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { UserError } from "../../wizard/terminal/errors.ts";
import { addUser, CollabFolder, emulator, SMALL_BACKEND } from "./support.ts";

let server: LocalHub;
let folder: CollabFolder;
beforeAll(async () => {
  server = await startLocalHub();
  folder = await CollabFolder.create(SMALL_BACKEND);
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await server.close();
});

interface As {
  token?: string;
  spaceToken?: string;
  allowBroadToken?: boolean;
}

async function prepare({ token = "hf_local_organizer", spaceToken, allowBroadToken }: As = {}) {
  const options = await folder.options(server, {
    allowBroadToken,
    spaceToken: spaceToken === undefined ? undefined : { token: spaceToken, source: "the variable BACKEND" },
  });
  return prepareDeployment({ ...options, target: { ...options.target, token } });
}

const failure = (as: As) =>
  prepare(as).then(
    () => null,
    (error: unknown) => error,
  );
const check = ({ checks }: Deployment, name: string) => checks.find((one) => one.name === name);

async function tokenWith(scopes: Record<string, string[]>): Promise<string> {
  const made = await emulator(server, "POST", "/tokens", { user: "organizer", role: "fineGrained", scopes });
  return made.token;
}

const ENOUGH = {
  "org/demo": ["repo.content.read", "repo.write", "org.members.read"],
  "org/demo-admin": ["repo.content.read", "repo.write"],
};

describe("a fine-grained token", () => {
  test("with every permission passes, also where broad ones are refused", async () => {
    const token = await tokenWith(ENOUGH);
    const deployment = await prepare({ token, allowBroadToken: false });
    expect(check(deployment, "token")).toMatchObject({ state: "ok" });
    expect(check(deployment, "token_breadth")).toMatchObject({ state: "ok" });
  });

  test.each([
    ["repo.write on demo", { ...ENOUGH, "org/demo": ["repo.content.read", "org.members.read"] }],
    ["repo.write on demo-admin", { ...ENOUGH, "org/demo-admin": ["repo.content.read"] }],
    ["org.members.read on demo", { ...ENOUGH, "org/demo": ["repo.content.read", "repo.write"] }],
  ])(
    "without %s is refused, with what it has, what it needs and where to change it",
    async (lack, scopes) => {
      const error = await failure({ token: await tokenWith(scopes) });
      expect(error).toBeInstanceOf(UserError);
      const { message, fix, code, exitCode, data } = error as UserError;
      expect({ code, exitCode, reason: data?.reason }).toEqual({
        code: "preflight",
        exitCode: 4,
        reason: "token",
      });
      expect(message).toContain(lack);
      expect(fix).toContain(`${server.url}/settings/tokens`);
      const [permission, , org] = lack.split(" ");
      const [problem] = (data as { problems: { data: unknown }[] }).problems;
      expect(problem?.data).toMatchObject({ missing: [{ org, permission }] });
      expect(problem?.data).toHaveProperty("have");
      expect(problem?.data).toHaveProperty("need");
    },
  );

  test("for Jobs needs job.write too", async () => {
    await using jobs = await CollabFolder.create({
      ...SMALL_BACKEND,
      "collab.yaml": "collab: {slug: j, title: J, org: demo}\njobs: {enabled: true}\n",
      "harness/run.py": "print(1)\n",
    });
    const options = await jobs.options(server);
    const target = { ...options.target, token: await tokenWith(ENOUGH) };
    await expect(prepareDeployment({ ...options, target })).rejects.toMatchObject({
      message: expect.stringContaining("job.write on demo"),
    });
  });
});

test("verification by Jobs needs job.write where those Jobs belong", async () => {
  const yaml =
    "collab: {slug: v, title: V, org: demo}\njobs: {enabled: true}\nverification: {mode: jobs, private_data: hidden}\n";
  await using jobs = await CollabFolder.create({
    ...SMALL_BACKEND,
    ...{ "collab.yaml": yaml, "harness/run.py": "print(1)\n", "hidden/data.txt": "x" },
  });
  const options = await jobs.options(server);
  const withJobs = (org: string, scopes: Record<string, string[]>) => ({
    ...scopes,
    [`org/${org}`]: [...(scopes[`org/${org}`] ?? []), "job.write"],
  });
  const attempt = async (scopes: Record<string, string[]>) =>
    prepareDeployment({ ...options, target: { ...options.target, token: await tokenWith(scopes) } });
  await expect(attempt(withJobs("demo", ENOUGH))).rejects.toMatchObject({
    message: expect.stringContaining("job.write on demo-admin"),
  });
  const enough = await attempt(withJobs("demo-admin", withJobs("demo", ENOUGH)));
  expect(check(enough, "token")).toMatchObject({ state: "ok" });
});

test("what only a person can mend comes with words to relay and the next command", async () => {
  const { data } = (await failure({ token: await tokenWith({}) })) as UserError;
  expect(data).toMatchObject({
    status: "action_required",
    reason: "token",
    human: expect.stringContaining(`${server.url}/settings/tokens`),
    next: [{ command: "agent-collab doctor", when: expect.any(String) }],
  });
  const nobody = (await failure({ token: "hf_local_nobody" })) as UserError;
  expect(nobody.data).toMatchObject({ status: "action_required", reason: "invalid_token", next: [{}] });
});

describe("other tokens", () => {
  test("one that only reads is refused", async () => {
    const { token } = await emulator(server, "POST", "/tokens", { user: "organizer", role: "read" });
    expect(await failure({ token })).toMatchObject({ code: "preflight", data: { reason: "token" } });
  });

  test("one that reaches all of its owner is no token for a backend, unless that is accepted", async () => {
    expect(await failure({ allowBroadToken: false })).toMatchObject({
      code: "preflight",
      data: { reason: "token_breadth" },
      fix: expect.stringMatching(/--space-token-env.*--allow-broad-token/),
    });
    expect(check(await prepare({ allowBroadToken: true }), "token_breadth")).toMatchObject({ state: "ok" });
    const narrow = await tokenWith(ENOUGH);
    const deployment = await prepare({ allowBroadToken: false, spaceToken: narrow });
    expect(check(deployment, "backend_token")).toMatchObject({ state: "ok" });
  });

  test("the backend's own is checked like the deployer's", async () => {
    expect(await failure({ spaceToken: "hf_local_nobody" })).toMatchObject({
      code: "invalid_token",
      message: expect.stringContaining("the variable BACKEND"),
    });
    expect(await failure({ spaceToken: "hf_local_bob" })).toMatchObject({
      code: "preflight",
      message: expect.stringContaining("bob is contributor"),
    });
  });

  test("none of them is in any message", async () => {
    const error = (await failure({ token: "hf_local_ada" })) as UserError;
    expect(JSON.stringify([error.message, error.fix, error.data])).not.toContain("hf_local");
  });
});

test("members who can write past the backend are named", async () => {
  expect(check(await prepare(), "members")).toMatchObject({ state: "ok" });
  await addUser(server, "dora", "write");
  expect(check(await prepare(), "members")).toMatchObject({
    state: "warn",
    message: expect.stringContaining("dora"),
    fix: expect.stringContaining("/organizations/demo/settings/members"),
  });
});

test("a missing plan is foretold, and explained when the Hub insists; nothing is made then", async () => {
  await emulator(server, "POST", "/orgs", { name: "poor", plan: null });
  await emulator(server, "POST", "/orgs", { name: "poor-admin", plan: null });
  await emulator(server, "POST", "/users", {
    name: "organizer",
    orgs: { poor: "admin", "poor-admin": "admin" },
  });
  await using poor = await CollabFolder.create({
    ...SMALL_BACKEND,
    "collab.yaml": "collab: {slug: p, title: P, org: poor}\n",
  });
  const deployment = await prepareDeployment(await poor.options(server));
  expect(check(deployment, "plan")).toMatchObject({ state: "warn" });
  await expect(deployment.apply()).rejects.toMatchObject({
    code: "plan_needed",
    exitCode: 4,
    fix: expect.stringMatching(/Team.*PRO.*agent-collab dev/),
  });
  const bucket = await fetch(`${server.url}/api/buckets/poor/p-main-bucket`, {
    headers: { authorization: "Bearer hf_local_organizer" },
  });
  expect(bucket.status).toBe(404);
});
