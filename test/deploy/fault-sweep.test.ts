/** The Hub fails at request N of a deployment, for every N; the next run finishes. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { HubError } from "../../template/hub/errors.ts";
import { prepareDeployment } from "../../wizard/deploy/deploy.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { UserError } from "../../wizard/terminal/errors.ts";
import { addUser, CollabFolder, EVERYTHING, emulator, everythingYaml } from "./support.ts";

/** Several at once: most of a deployment is waiting. */
const LANES = 4;
/** More requests than any deployment takes. */
const LIMIT = 150;

let server: LocalHub;
const hub = () => createHub({ endpoint: server.url, token: "hf_local_organizer" });
beforeAll(async () => {
  server = await startLocalHub();
  await addUser(server, "successor");
});
afterAll(() => server.close());

/** One turn: deploys as `deployer`, whose request `n` meets the fault. `inFault` runs while the fault is set. */
type Turn = (
  n: number,
  deployer: string,
  inFault: (work: () => Promise<void>) => Promise<unknown>,
) => Promise<void>;

/**
 * Takes turns with n = 0, 1, … until a deployment makes no request `n`. Each lane has a deployer of its own,
 * whom alone its faults meet; the Spaces work with the organiser's token.
 */
async function sweep(name: string, fault: object, makeTurn: (lane: string) => Promise<Turn>): Promise<void> {
  let next = 0;
  let over = false;
  const lane = async (number: number) => {
    const deployer = `${name}-${number}`;
    await addUser(server, deployer);
    const turn = await makeTurn(deployer);
    while (!over) {
      const n = next++;
      expect(n).toBeLessThan(LIMIT);
      await turn(n, deployer, async (work) => {
        const { id } = await emulator(server, "POST", "/faults", {
          ...fault,
          user: deployer,
          skip: n,
          count: 1,
        });
        const error = await work().then(
          () => null,
          (thrown: unknown) => thrown,
        );
        const { faults } = await emulator(server, "GET", "/faults");
        const mine = faults.find((one: { id: string }) => one.id === id);
        if (mine.applied === 0) over = true;
        await emulator(server, "DELETE", `/faults/${id}`);
        return error;
      });
    }
  };
  await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)));
}

describe.each([
  ["answers 500 and does nothing", { kind: "status", status: 500 }],
  ["does it, and the answer is lost", { kind: "lost", cut: true }],
])("a Hub that %s", (_, fault) => {
  test("at any one request leaves what the next run completes", { timeout: 400_000 }, async () => {
    let failures = 0;
    await sweep(fault.kind, fault, async () => async (n, deployer, inFault) => {
      const slug = `${fault.kind}-${n}`;
      await using folder = await CollabFolder.create({ ...EVERYTHING, "collab.yaml": everythingYaml(slug) });
      const options = await folder.options(server, {
        spaceToken: { token: "hf_local_organizer", source: "a test" },
      });
      const target = { ...options.target, token: `hf_local_${deployer}` };
      const deploy = async (attempts?: number) => {
        const deployment = await prepareDeployment({ ...options, target, http: { attempts } });
        await deployment.apply();
      };
      const error = await inFault(() => deploy(1));
      if (error !== null) {
        failures++;
        expect(error instanceof HubError || error instanceof UserError, `request ${n}: ${error}`).toBe(true);
        await expectTrueAccount(error, slug, `request ${n}`);
      }

      await deploy();
      const { plan, version } = await prepareDeployment({ ...options, target });
      expect(plan.map(({ action }) => action)).toEqual(Array(plan.length).fill("unchanged"));
      await expectSpace(`demo/${slug}-backend`, version, []);
      const evalSpace = `demo-admin/${slug}-eval`;
      await expectSpace(evalSpace, await deployedVersion(evalSpace), ["BACKEND_API_URL", "CENTRAL_BUCKET"]);
      await hub().space(`demo/${slug}-backend`).delete();
      await hub().space(evalSpace).delete();
    });
    // The deployment makes a good number of requests, and none of them may fail silently.
    expect(failures).toBeGreaterThan(30);
  });
});

test("a failure at any request of an update is mended too, and loses no setting", {
  timeout: 400_000,
}, async () => {
  await sweep("update", { kind: "lost" }, async (slug) => {
    const folder = await CollabFolder.create({ ...EVERYTHING, "collab.yaml": everythingYaml(slug, "jobs") });
    onTestFinished(() => folder[Symbol.asyncDispose]());
    const central = hub().bucket(`demo/${slug}-main-bucket`);
    const backend = hub().space(`demo/${slug}-backend`);
    const deploy = async (token: string, attempts?: number) => {
      const options = await folder.options(server, { spaceToken: { token, source: "a test" } });
      const target = { ...options.target, token: `hf_local_${slug}` };
      const deployment = await prepareDeployment({ ...options, target, http: { attempts } });
      await deployment.apply();
      return prepareDeployment({ ...options, target });
    };
    let token = "hf_local_organizer";
    let before = "questions.jsonl";
    await deploy(token);
    await backend.setVariable("KEPT", "by a person");
    return async (n, _, inFault) => {
      // Another text, another token, another harness, other data: everything changes at once.
      await folder.write({ "task/goal.md": `Goal ${n}.\n`, "spaces/backend/note.txt": `${n}\n` });
      await folder.write({ "harness/run.py": `print(${n})\n`, [`eval_dataset/${n}.jsonl`]: `${n}\n` });
      await rm(join(folder.dir, `eval_dataset/${before}`));
      before = `${n}.jsonl`;
      token = token === "hf_local_organizer" ? "hf_local_successor" : "hf_local_organizer";
      await inFault(async () => void (await deploy(token, 1)));
      const { plan, version } = await deploy(token);
      expect(plan.map(({ action }) => action)).toEqual(Array(plan.length).fill("unchanged"));
      expect(await commits(backend.id, version), `commits after request ${n}`).toBe(1);
      expect((await backend.variables()).get("KEPT")).toBe("by a person");
      expect(await central.readText("README.md")).toContain(`Goal ${n}.`);
      expect(await central.readText("harness/run.py")).toBe(`print(${n})\n`);
      expect(await privateFiles(slug)).toEqual([`eval_dataset/${n}.jsonl`]);
    };
  });
});

async function privateFiles(slug: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of hub().bucket(`demo-admin/${slug}-audit`).list("eval_dataset"))
    paths.push(path);
  return paths.sort();
}

/** What the error says of each Space and bucket is what the Hub says. */
async function expectTrueAccount(error: unknown, slug: string, when: string): Promise<void> {
  // Before anything is touched there is nothing to tell.
  if (!(error instanceof UserError) || error.data?.exists === undefined) return;
  const { exists } = error.data as { exists: { kind: string; id: string; state: string }[] };
  expect(exists.map(({ id }) => id).sort(), when).toEqual([
    `demo-admin/${slug}-audit`,
    `demo-admin/${slug}-eval`,
    `demo/${slug}-backend`,
    `demo/${slug}-main-bucket`,
  ]);
  for (const { kind, id, state } of exists) {
    const info = await (kind === "space" ? hub().space(id) : hub().bucket(id)).info();
    expect(state, `${id} at ${when}`).toBe(info ? "exists" : "missing");
    if (info) expect(error.message, when).toContain(id);
  }
}

async function deployedVersion(id: string): Promise<string> {
  const text = await hub().space(id).readText("deployment.json");
  return (JSON.parse(text ?? "{}") as { version: string }).version;
}

async function expectSpace(id: string, version: string, variables: string[]): Promise<void> {
  const space = hub().space(id);
  expect((await space.info())?.runtime.stage, id).toBe("RUNNING");
  expect([...(await space.secretKeys())], id).toEqual(["HF_TOKEN"]);
  expect([...(await space.variables()).keys()].sort(), id).toEqual([
    "AGENT_COLLAB_OWNER",
    ...variables,
    "HF_TOKEN_FINGERPRINT",
  ]);
  expect(await commits(id, version), `commits to ${id}`).toBe(1);
}

/** How many commits deployed `version`. */
async function commits(id: string, version: string): Promise<number> {
  const response = await fetch(`${server.url}/api/spaces/${id}/commits/main`, {
    headers: { authorization: "Bearer hf_local_organizer" },
  });
  const list = (await response.json()) as { title: string }[];
  return list.filter(({ title }) => title.includes(version)).length;
}
