/** Repositories as seen by the real JavaScript client. */
import {
  commit,
  createRepo,
  deleteFile,
  deleteRepo,
  downloadFile,
  fileExists,
  listCommits,
  listFiles,
  pathsInfo,
  repoExists,
  spaceInfo,
  uploadFiles,
} from "@huggingface/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";

describe("@huggingface/hub on repositories", () => {
  let hub: LocalHub;
  const as = (user: string) => ({ hubUrl: hub.url, accessToken: `hf_local_${user}` });

  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(() => hub.close());

  test.each(["model", "dataset", "space"] as const)(
    "creates, fills, reads and deletes a %s",
    async (type) => {
      const repo = { type, name: "ada/thing" };
      const files = [{ path: "given.txt", content: new Blob(["given"]) }];
      await createRepo({ ...as("ada"), repo, files, ...(type === "space" && { sdk: "static" as const }) });
      expect(await repoExists({ ...as("bob"), repo })).toBe(true);

      const uploaded = await uploadFiles({
        ...as("ada"),
        repo,
        commitTitle: "two files",
        files: [
          { path: "dir/a.txt", content: new Blob(["aaa"]) },
          { path: "dir/b.bin", content: new Blob([new Uint8Array([0, 255, 10, 13])]) },
        ],
      });
      const listed = [];
      for await (const item of listFiles({ ...as("ada"), repo, recursive: true, expand: true }))
        listed.push(item);
      expect(listed.map(({ path }) => path)).toEqual([
        ".gitattributes",
        ...(type === "space" ? ["README.md"] : []),
        "dir",
        "dir/a.txt",
        "dir/b.bin",
        "given.txt",
      ]);
      expect(listed.find(({ path }) => path === "dir/a.txt")?.lastCommit).toMatchObject({
        id: uploaded?.commit.oid,
        title: "two files",
      });
      expect(listed.find(({ path }) => path === "given.txt")?.lastCommit?.title).toBe("initial commit");

      const blob = await downloadFile({ ...as("ada"), repo, path: "dir/b.bin" });
      expect(new Uint8Array((await blob?.arrayBuffer()) as ArrayBuffer)).toEqual(
        new Uint8Array([0, 255, 10, 13]),
      );
      expect(await downloadFile({ ...as("ada"), repo, path: "none" })).toBeNull();
      expect(await fileExists({ ...as("ada"), repo, path: "dir/a.txt" })).toBe(true);
      const info = await pathsInfo({ ...as("ada"), repo, paths: ["dir/a.txt", "none", "dir"] });
      expect(info.map(({ path, type: kind, size }) => [path, kind, size])).toEqual([
        ["dir/a.txt", "file", 3],
        ["dir", "directory", 0],
      ]);

      await deleteFile({ ...as("ada"), repo, path: "dir/a.txt" });
      const history = [];
      for await (const { title, authors } of listCommits({ ...as("ada"), repo }))
        history.push([title, authors[0]]);
      expect(history.map(([title]) => title)).toEqual(["Delete dir/a.txt", "two files", "initial commit"]);

      const stale = commit({
        ...as("ada"),
        repo,
        title: "late",
        parentCommit: String(uploaded?.commit.oid),
        operations: [{ operation: "addOrUpdate", path: "late.txt", content: new Blob(["late"]) }],
      });
      await expect(stale).rejects.toMatchObject({ statusCode: 412 });
      await expect(deleteRepo({ ...as("bob"), repo })).rejects.toMatchObject({ statusCode: 403 });
      await deleteRepo({ ...as("ada"), repo });
      expect(await repoExists({ ...as("ada"), repo })).toBe(false);
    },
  );

  test("reads the info of a Space with the fields it asks for", async () => {
    await createRepo({ ...as("organizer"), repo: "spaces/demo/app", sdk: "docker", visibility: "private" });
    const info = await spaceInfo({
      ...as("organizer"),
      name: "demo/app",
      additionalFields: ["author", "sha", "subdomain", "runtime", "cardData"],
    });
    expect(info).toMatchObject({
      name: "demo/app",
      sdk: "docker",
      private: true,
      author: "demo",
      subdomain: "demo-app",
      sha: expect.stringMatching(/^[0-9a-f]{40}$/),
      runtime: { hardware: { requested: "cpu-basic" } },
      cardData: { title: "app", sdk: "docker" },
    });
    await expect(spaceInfo({ ...as("ada"), name: "demo/other" })).rejects.toMatchObject({ statusCode: 404 });
  });
});
