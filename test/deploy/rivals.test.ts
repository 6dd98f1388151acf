/** Two deployments of one collab at the same time: each is told the truth. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../template/hub/client.ts";
import type { Desired } from "../../wizard/deploy/desired.ts";
import { readExisting } from "../../wizard/deploy/existing.ts";
import { OWNER_FILE, ownerFile } from "../../wizard/deploy/ownership.ts";
import { waitUntilReady } from "../../wizard/deploy/ready.ts";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { SMALL_BACKEND } from "./support.ts";

let server: LocalHub;
beforeAll(async () => {
  server = await startLocalHub();
});
afterAll(() => server.close());

const hubWith = (fetching: typeof fetch = fetch) =>
  createHub({ endpoint: server.url, token: "hf_local_organizer", fetch: fetching });

describe("a bucket that the other one has just made", () => {
  const BUCKET = "demo/rivals-main-bucket";

  test.each<[when: string, path: RegExp]>([
    ["after the bucket was seen", /\/api\/buckets\/demo\/rivals-main-bucket$/],
    ["after its mark was looked for", new RegExp(`/${OWNER_FILE}$`)],
  ])("is known for the collab's own when it is marked %s", async (_, path) => {
    const bucket = hubWith().bucket(BUCKET);
    await bucket.create({ private: false });
    let isMarked = false;
    const hub = hubWith(async (url, init) => {
      const response = await fetch(url, init);
      if (!isMarked && path.test(new URL(String(url)).pathname)) {
        isMarked = true;
        await bucket.write([
          { path: OWNER_FILE, content: ownerFile(BUCKET) },
          { path: "README.md", content: "# It is filled\n" },
        ]);
      }
      return response;
    });
    const desired = { backend: { id: "demo/rivals-backend" }, followers: [], buckets: [{ id: BUCKET }] };
    const { buckets } = await readExisting(hub, desired as unknown as Desired);
    expect(isMarked).toBe(true);
    expect(buckets.get(BUCKET)).toEqual({ private: false, owner: BUCKET, empty: false });
    await bucket.delete();
  });
});

describe("a Space that the other one has deployed to as well", () => {
  test("is not waited for in vain", { timeout: 60_000 }, async () => {
    const space = hubWith().space("demo/rivals-backend");
    await space.create({ sdk: "docker", private: false, secrets: {}, variables: {} });
    const commit = async (version: string) => {
      const code = Object.entries(SMALL_BACKEND).map(([path, content]) => ({
        path: path.replace("spaces/backend/", ""),
        content,
      }));
      const put = [...code, { path: "deployment.json", content: JSON.stringify({ version }) }];
      return (await space.commit({ message: version, put })).oid;
    };
    const ours = await commit("ours");
    const theirs = await commit("theirs");
    const host = (await space.info())?.host ?? "";
    const waiting = (version: string, commits: string[]) =>
      waitUntilReady({ space, host, healthPath: "/", version, commits, timeoutMs: 600_000, progress() {} });
    await expect(waiting("ours", [ours])).rejects.toMatchObject({
      code: "changed_meanwhile",
      message: expect.stringContaining("demo/rivals-backend"),
    });
    await waiting("theirs", [ours, theirs]);
  });
});
