/** Buckets as seen by the real JavaScript client. */
import { randomBytes } from "node:crypto";
import {
  commit,
  copyFile,
  createRepo,
  deleteFile,
  deleteRepo,
  downloadFile,
  fileDownloadInfo,
  fileExists,
  listFiles,
  pathsInfo,
  repoExists,
  uploadFile,
  uploadFiles,
} from "@huggingface/hub";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";

describe("@huggingface/hub", () => {
  let hub: LocalHub;
  const as = (user: string) => ({ hubUrl: hub.url, accessToken: `hf_local_${user}` });
  const bucket = (name: string) => ({ type: "bucket" as const, name });
  const read = async (name: string, path: string, user = "ada") => {
    const blob = await downloadFile({ ...as(user), repo: bucket(name), path });
    return blob && Buffer.from(await blob.arrayBuffer());
  };
  const list = async (name: string, options: { path?: string; recursive?: boolean } = {}) => {
    const found = [];
    for await (const item of listFiles({ ...as("ada"), repo: bucket(name), ...options })) found.push(item);
    return found.map(({ type, path }) => `${type} ${path}`);
  };

  beforeAll(async () => {
    hub = await startLocalHub();
  });
  afterAll(async () => {
    await hub.close();
  });

  test("creates, finds and deletes a bucket", async () => {
    const repo = bucket("ada/made");
    const { repoUrl, id } = await createRepo({ ...as("ada"), repo });
    expect(repoUrl).toBe(`${hub.url}/buckets/ada/made`);
    expect(id).toMatch(/^[0-9a-f]{24}$/);
    expect(await repoExists({ ...as("ada"), repo })).toBe(true);
    await expect(createRepo({ ...as("ada"), repo })).rejects.toMatchObject({ statusCode: 409 });
    await deleteRepo({ ...as("ada"), repo });
    expect(await repoExists({ ...as("ada"), repo })).toBe(false);
  });

  test("reads back what it wrote, byte for byte, whatever the size", async () => {
    await createRepo({ ...as("ada"), repo: bucket("ada/sizes") });
    const contents: Record<string, Buffer<ArrayBuffer>> = {
      empty: Buffer.alloc(0),
      one: Buffer.from("x"),
      text: Buffer.from("all work and no play\n".repeat(20_000)),
      random: randomBytes(100_000),
      large: Buffer.concat([randomBytes(9_000_000), Buffer.alloc(3_000_000, 7), randomBytes(1_234_567)]),
    };
    await uploadFiles({
      ...as("ada"),
      repo: bucket("ada/sizes"),
      files: Object.entries(contents).map(([path, content]) => ({ path, content: new Blob([content]) })),
    });
    for (const [path, content] of Object.entries(contents)) {
      expect((await read("ada/sizes", path))?.equals(content), path).toBe(true);
    }
    const blob = await downloadFile({ ...as("ada"), repo: bucket("ada/sizes"), path: "large" });
    const slice = await blob?.slice(8_999_990, 9_500_001).arrayBuffer();
    expect(contents.large?.subarray(8_999_990, 9_500_001).equals(new Uint8Array(slice ?? []))).toBe(true);
  });

  test("writes a hundred files in one commit, lists and describes them", async () => {
    const repo = bucket("ada/many");
    await createRepo({ ...as("ada"), repo });
    const files = Array.from({ length: 101 }, (_, i) => ({
      path: `board/${i % 3}/message-${i}.md`,
      content: new Blob([`message ${i}`]),
    }));
    await uploadFiles({ ...as("ada"), repo, files });
    expect(await list("ada/many", { recursive: true })).toHaveLength(101);
    expect(await list("ada/many")).toEqual(["directory board"]);
    expect(await list("ada/many", { path: "board" })).toEqual([
      "directory board/0",
      "directory board/1",
      "directory board/2",
    ]);
    const infos = await pathsInfo({ ...as("ada"), repo, paths: ["board/0/message-0.md", "absent"] });
    expect(infos).toMatchObject([{ path: "board/0/message-0.md", type: "file", size: 9 }]);
    expect(await read("ada/many", "board/1/message-100.md")).toEqual(Buffer.from("message 100"));
  });

  test("answers what is missing as the client expects it", async () => {
    const repo = bucket("ada/sparse");
    await createRepo({ ...as("ada"), repo });
    expect(await read("ada/sparse", "absent.txt")).toBeNull();
    expect(await fileExists({ ...as("ada"), repo, path: "absent.txt" })).toBe(false);
    await expect(read("ada/nowhere", "absent.txt")).rejects.toMatchObject({ statusCode: 404 });
    await deleteFile({ ...as("ada"), repo, path: "absent.txt" });
  });

  test("overwrites, copies between buckets and deletes", async () => {
    await createRepo({ ...as("ada"), repo: bucket("ada/from") });
    await createRepo({ ...as("ada"), repo: bucket("ada/to") });
    const put = (text: string) =>
      uploadFile({
        ...as("ada"),
        repo: bucket("ada/from"),
        file: { path: "a.txt", content: new Blob([text]) },
      });
    await put("first");
    await put("second");
    expect(await read("ada/from", "a.txt")).toEqual(Buffer.from("second"));
    await copyFile({
      ...as("ada"),
      source: { repo: bucket("ada/from"), path: "a.txt" },
      destination: { repo: bucket("ada/to"), path: "b/c.txt" },
    });
    expect(await read("ada/to", "b/c.txt")).toEqual(Buffer.from("second"));
    await deleteFile({ ...as("ada"), repo: bucket("ada/from"), path: "a.txt" });
    expect(await read("ada/from", "a.txt")).toBeNull();
    expect(await read("ada/to", "b/c.txt")).toEqual(Buffer.from("second"));
  });

  test("hands over the Xet hash of a file, its size and its ETag", async () => {
    const repo = bucket("ada/info");
    await createRepo({ ...as("ada"), repo });
    await uploadFile({ ...as("ada"), repo, file: { path: "x.bin", content: new Blob(["hello"]) } });
    const info = await fileDownloadInfo({ ...as("ada"), repo, path: "x.bin" });
    expect(info).toMatchObject({ size: 5, xet: { hash: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(info?.etag).toContain(info?.xet?.hash);
  });

  test("may not write another user's bucket, nor see a private one", async () => {
    await createRepo({ ...as("ada"), repo: bucket("ada/open") });
    await createRepo({ ...as("ada"), repo: bucket("ada/closed"), private: true });
    const write = (name: string) =>
      commit({
        ...as("bob"),
        repo: bucket(name),
        title: "intrusion",
        operations: [{ operation: "addOrUpdate", path: "x", content: new Blob(["x"]) }],
      });
    await expect(write("ada/open")).rejects.toMatchObject({ statusCode: 403 });
    await expect(write("ada/closed")).rejects.toMatchObject({ statusCode: 404 });
    expect(await repoExists({ ...as("bob"), repo: bucket("ada/closed") })).toBe(false);
    expect(await list("ada/open", { recursive: true })).toEqual([]);
  });
});
