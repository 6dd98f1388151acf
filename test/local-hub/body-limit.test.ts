import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";

describe("the size limit of request bodies", () => {
  let hub: LocalHub;
  beforeAll(async () => {
    hub = await startLocalHub();
    await fetch(`${hub.url}/api/buckets/ada/b`, { method: "POST", headers: token });
  });
  afterAll(async () => {
    await hub.close();
  });
  const token = { Authorization: "Bearer hf_local_ada" };

  /** Sends `size` bytes without saying how many. */
  const chunked = (path: string, size: number) =>
    new Promise<number | undefined>((done, failed) => {
      const req = request(`${hub.url}${path}`, { method: "POST", headers: token }, (response) => {
        response.resume().on("end", () => done(response.statusCode));
      });
      req.on("error", failed);
      for (let left = size; left > 0; left -= 65_536) req.write(Buffer.alloc(Math.min(left, 65_536), "\n"));
      req.end();
    });

  test("takes a request without a body", async () => {
    const response = await fetch(`${hub.url}/api/buckets/ada/b`, { method: "DELETE", headers: token });
    expect(response.status).toBe(200);
    await fetch(`${hub.url}/api/buckets/ada/b`, { method: "POST", headers: token });
  });

  test("refuses a stated length at once", async () => {
    const body = new Uint8Array(17 << 20);
    const response = await fetch(`${hub.url}/api/buckets/ada/b/paths-info`, {
      method: "POST",
      headers: token,
      body,
    });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ error: expect.stringContaining("larger than 16777216 bytes") });
  });

  test("takes a body of unstated length, and refuses it when it grows too large", async () => {
    expect(await chunked("/api/buckets/ada/b/batch", 1000)).toBe(200);
    expect(await chunked("/api/buckets/ada/b/paths-info", 17 << 20)).toBe(413);
  });
});
