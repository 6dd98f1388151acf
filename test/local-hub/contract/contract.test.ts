/** The local hub's answers against what the Hub publishes about its own. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { createHub } from "../../../template/hub/client.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { type Call, call } from "../support.ts";
import { type Contract, FIXTURE } from "./record.ts";

const contract = JSON.parse(await readFile(FIXTURE, "utf8")) as Contract;

const SPACE = "/api/spaces/demo/board";
const BUCKET = "/api/buckets/demo/box";
const NDJSON = { "content-type": "application/x-ndjson" };
const job = { dockerImage: "python:3.12", command: ["true"], flavor: "cpu-basic", labels: { name: "x" } };
const lines = (...values: object[]) => values.map((value) => JSON.stringify(value)).join("\n");

/** How to get each answer; the paths are asked in this order. */
const REQUESTS: Record<string, [path: string, options?: Call]> = {
  "GET /api/whoami-v2 200": ["/api/whoami-v2"],
  "GET /api/organizations/{name}/members 200": ["/api/organizations/demo/members"],
  "GET /api/buckets/{namespace} 200": ["/api/buckets/demo"],
  "GET /api/buckets/{namespace}/{repo} 200": [BUCKET],
  "POST /api/buckets/{namespace}/{repo} 200": ["/api/buckets/demo/new", { method: "POST", json: {} }],
  "POST /api/buckets/{namespace}/{repo} 409": [BUCKET, { method: "POST", json: {} }],
  "PUT /api/buckets/{namespace}/{repo}/settings 200": [
    `${BUCKET}/settings`,
    { method: "PUT", json: { private: true } },
  ],
  "GET /api/buckets/{namespace}/{repo}/tree/{path} 200": [`${BUCKET}/tree?recursive=false`],
  "POST /api/buckets/{namespace}/{repo}/paths-info 200": [
    `${BUCKET}/paths-info`,
    { method: "POST", json: { paths: ["a.txt", "logs/b.txt"] } },
  ],
  "POST /api/buckets/{namespace}/{repo}/batch 200": [
    `${BUCKET}/batch`,
    { method: "POST", headers: NDJSON, body: lines({ type: "deleteFile", path: "nothing" }) },
  ],
  "POST /api/buckets/{namespace}/{repo}/batch 422": [
    `${BUCKET}/batch`,
    {
      method: "POST",
      headers: NDJSON,
      body: lines({ type: "addFile", path: "x", xetHash: "1".repeat(64), mtime: 0 }),
    },
  ],
  "GET /api/buckets/{namespace}/{repo}/xet-read-token 200": [`${BUCKET}/xet-read-token`],
  "GET /api/buckets/{namespace}/{repo}/xet-write-token 200": [`${BUCKET}/xet-write-token`],
  "GET /api/spaces/hardware 200": ["/api/spaces/hardware"],
  "POST /api/repos/create 200": [
    "/api/repos/create",
    { method: "POST", json: { type: "space", sdk: "static", organization: "demo", name: "other" } },
  ],
  "POST /api/spaces/{namespace}/{repo}/preupload/{rev} 200": [
    `${SPACE}/preupload/main`,
    { method: "POST", json: { files: [{ path: "a.html", size: 3, sample: "YWJj" }] } },
  ],
  "POST /api/spaces/{namespace}/{repo}/commit/{rev} 200": [
    `${SPACE}/commit/main`,
    {
      method: "POST",
      headers: NDJSON,
      body: lines(
        { key: "header", value: { summary: "add a page" } },
        { key: "file", value: { path: "pages/a.html", content: "abc", encoding: "utf-8" } },
      ),
    },
  ],
  "GET /api/spaces/{namespace}/{repo}/commits/{rev} 200": [`${SPACE}/commits/main`],
  "GET /api/spaces/{namespace}/{repo}/refs 200": [`${SPACE}/refs`],
  "GET /api/spaces/{namespace}/{repo}/tree/{rev}/{path} 200": [`${SPACE}/tree/main?expand=true`],
  "POST /api/spaces/{namespace}/{repo}/paths-info/{rev} 200": [
    `${SPACE}/paths-info/main`,
    { method: "POST", json: { paths: ["pages/a.html", "pages"] } },
  ],
  "GET /api/spaces/{namespace}/{repo}/secrets 200": [`${SPACE}/secrets`],
  "GET /api/spaces/{namespace}/{repo}/variables 200": [`${SPACE}/variables`],
  "GET /api/jobs/hardware 200": ["/api/jobs/hardware"],
  "POST /api/jobs/{namespace} 200": ["/api/jobs/demo", { method: "POST", json: job }],
  "GET /api/jobs/{namespace} 200": ["/api/jobs/demo"],
  "GET /api/jobs/{namespace}/count 200": ["/api/jobs/demo/count"],
  "GET /api/jobs/{namespace}/{jobId} 200": ["/api/jobs/demo/{job}"],
  "PUT /api/jobs/{namespace}/{jobId}/labels 200": [
    "/api/jobs/demo/{job}/labels",
    { method: "PUT", json: { labels: { a: "b" } } },
  ],
  "POST /api/jobs/{namespace}/{jobId}/cancel 200": ["/api/jobs/demo/{job}/cancel", { method: "POST" }],
  "POST /oauth/device 200": [
    "/oauth/device",
    { method: "POST", body: new URLSearchParams({ client_id: "26be6b09-91c5-47da-9861-d2d2bb7a7e36" }) },
  ],
};

/** Fields that we send though the document does not list them, and why. */
const KNOWN_EXTRAS: Record<string, { fields: string[]; why: string }> = {
  "GET /api/jobs/hardware 200": { fields: ["ephemeralStorage"], why: "Python's JobHardware reads it" },
  "GET /api/spaces/hardware 200": { fields: ["ephemeralStorage"], why: "Python's JobHardware reads it" },
  "GET /api/spaces/{namespace}/{repo}/tree/{rev}/{path} 200": {
    fields: ["path"],
    why: "the document forgets it; every client needs it",
  },
  "POST /oauth/device 200": {
    fields: ["verification_uri_complete", "interval"],
    why: "optional in RFC 8628; Python uses them when they are there",
  },
};

/** Recorded for what the fixture teaches, asked by a suite of its own. */
const ASKED_ELSEWHERE = ["GET /oauth/userinfo 200"];

describe("the recorded contract", () => {
  it("says of which day it is, and where it comes from", () => {
    expect(contract.recorded).toMatch(/^20\d\d-\d\d-\d\d$/);
    expect(contract.source).toMatch(/^https:\/\/huggingface\.co\//);
  });

  it("is asked for in full", () => {
    expect(Object.keys(contract.operations).sort()).toEqual(
      [...Object.keys(REQUESTS), ...ASKED_ELSEWHERE].sort(),
    );
  });
});

describe("the local hub's answer to", () => {
  let hub: LocalHub;
  let jobId: string;

  beforeAll(async () => {
    hub = await startLocalHub();
    const bucket = createHub({ endpoint: hub.url, token: "hf_local_organizer" }).bucket("demo/box");
    await bucket.create();
    await bucket.write([
      { path: "a.txt", content: "a" },
      { path: "logs/b.txt", content: "b" },
    ]);
    const post = (path: string, json: object) => call(hub, path, { method: "POST", as: "organizer", json });
    await post("/api/repos/create", {
      type: "space",
      sdk: "static",
      organization: "demo",
      name: "board",
      secrets: [{ key: "TOKEN", value: "x" }],
      variables: [{ key: "GREETING", value: "hi", description: "what to say" }],
    });
    jobId = ((await (await post("/api/jobs/demo", job)).json()) as { id: string }).id;
  });
  afterAll(() => hub.close());

  it.each(Object.entries(REQUESTS))("%s has the published shape", async (operation, [path, options]) => {
    const response = await call(hub, path.replace("{job}", jobId), { as: "organizer", ...options });
    const body: unknown = await response.json();
    expect(response.status, JSON.stringify(body)).toBe(Number(operation.split(" ").at(-1)));
    const schema = contract.schemas[contract.operations[operation] ?? ""];
    expect(schema, operation).toBeDefined();
    const result = z.fromJSONSchema(schema as never).safeParse(body);
    const extras = KNOWN_EXTRAS[operation]?.fields ?? [];
    const problems = (result.error?.issues ?? []).filter(
      (issue) => issue.code !== "unrecognized_keys" || !issue.keys.every((key) => extras.includes(key)),
    );
    expect(problems, JSON.stringify(body)).toEqual([]);
  });
});
