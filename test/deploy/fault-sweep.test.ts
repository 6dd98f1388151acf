/** The Hub fails at request N of a deployment, for every N; the next run finishes. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import { HubError } from "../../template/hub/errors.ts";
import { prepareDeployment } from "../../wizard/deploy/deploy.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { UserError } from "../../wizard/terminal/errors.ts";
import { addUser, CollabFolder, emulator, SMALL_BACKEND } from "./support.ts";

/** Deploys; the backends work with the organiser's token, so that faults meet only the deployment. */
const DEPLOYER = "deployer";

let server: LocalHub;
beforeAll(async () => {
  server = await startLocalHub();
  await addUser(server, DEPLOYER);
});
afterAll(() => server.close());

/** More requests than any deployment takes. */
const LIMIT = 80;

describe.each([
  ["answers 500 and does nothing", { kind: "status", status: 500 }],
  ["does it, and the answer is lost", { kind: "lost", cut: true }],
])("a Hub that %s", (_, fault) => {
  test("at any one request leaves what the next run completes", { timeout: 300_000 }, async () => {
    const hub = createHub({ endpoint: server.url, token: "hf_local_organizer" });
    let failures = 0;
    for (let n = 0; ; n++) {
      expect(n).toBeLessThan(LIMIT);
      const slug = `${fault.kind}-${n}`;
      await using folder = await CollabFolder.create({
        ...SMALL_BACKEND,
        "collab.yaml": `collab:\n  slug: ${slug}\n  title: Sweep ${n}\n  org: demo\n`,
      });
      const options = await folder.options(server, {
        spaceToken: { token: "hf_local_organizer", source: "a test" },
      });
      const target = { ...options.target, token: `hf_local_${DEPLOYER}` };
      const deploy = async (attempts?: number) => {
        const deployment = await prepareDeployment({ ...options, target, http: { attempts } });
        await deployment.apply();
      };

      await emulator(server, "POST", "/faults", { ...fault, user: DEPLOYER, skip: n, count: 1 });
      const error = await deploy(1).then(
        () => null,
        (thrown: unknown) => thrown,
      );
      const { faults } = await emulator(server, "GET", "/faults");
      await emulator(server, "DELETE", "/faults");
      if (faults[0].applied === 0) break;
      if (error !== null) {
        failures++;
        expect(error instanceof HubError || error instanceof UserError, `request ${n}: ${error}`).toBe(true);
      }

      await deploy();
      const { plan, version } = await prepareDeployment({ ...options, target });
      expect(plan.map(({ action }) => action)).toEqual(Array(plan.length).fill("unchanged"));
      const space = hub.space(`demo/${slug}-backend`);
      expect((await space.info())?.runtime.stage, `request ${n}`).toBe("RUNNING");
      expect([...(await space.secretKeys())]).toEqual(["HF_TOKEN"]);
      expect([...(await space.variables()).keys()].sort()).toEqual([
        "AGENT_COLLAB_OWNER",
        "HF_TOKEN_FINGERPRINT",
      ]);
      expect(await commits(`demo/${slug}-backend`, version), `commits after request ${n}`).toBe(1);
      await space.delete();
    }
    // The deployment makes a good number of requests, and none of them may fail silently.
    expect(failures).toBeGreaterThan(20);
  });
});

test("a failure at any request of an update is mended too, and loses no setting", {
  timeout: 300_000,
}, async () => {
  await addUser(server, "successor");
  const hub = createHub({ endpoint: server.url, token: "hf_local_organizer" });
  await using folder = await CollabFolder.create(SMALL_BACKEND);
  const deploy = async (token: string, attempts?: number) => {
    const options = await folder.options(server, { spaceToken: { token, source: "a test" } });
    const target = { ...options.target, token: `hf_local_${DEPLOYER}` };
    const deployment = await prepareDeployment({ ...options, target, http: { attempts } });
    await deployment.apply();
    return prepareDeployment({ ...options, target });
  };
  const tokens = ["hf_local_organizer", "hf_local_successor"];
  await deploy(tokens[0] as string);
  await hub.space("demo/tiny-backend").setVariable("KEPT", "by a person");
  for (let n = 0; ; n++) {
    expect(n).toBeLessThan(LIMIT);
    // Another text, another token: files, a secret and a variable change at once.
    await folder.write({ "task/goal.md": `Goal ${n}.\n`, "spaces/backend/note.txt": `${n}\n` });
    const token = tokens[(n + 1) % 2] as string;
    await emulator(server, "POST", "/faults", { kind: "lost", user: DEPLOYER, skip: n, count: 1 });
    await deploy(token, 1).catch(() => {});
    const { faults } = await emulator(server, "GET", "/faults");
    await emulator(server, "DELETE", "/faults");
    const { plan, version } = await deploy(token);
    expect(plan.map(({ action }) => action)).toEqual(Array(plan.length).fill("unchanged"));
    expect(await commits("demo/tiny-backend", version), `commits after request ${n}`).toBe(1);
    expect((await hub.space("demo/tiny-backend").variables()).get("KEPT")).toBe("by a person");
    expect(await hub.bucket("demo/tiny-main-bucket").readText("README.md")).toContain(`Goal ${n}.`);
    if (faults[0].applied === 0) break;
  }
});

/** How many commits deployed `version`. */
async function commits(id: string, version: string): Promise<number> {
  const response = await fetch(`${server.url}/api/spaces/${id}/commits/main`, {
    headers: { authorization: "Bearer hf_local_organizer" },
  });
  const list = (await response.json()) as { title: string }[];
  return list.filter(({ title }) => title.includes(version)).length;
}
