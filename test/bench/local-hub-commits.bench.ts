/** Small files: what a message board writes all day. Every commit is durable when it is answered. */
import { randomBytes } from "node:crypto";
import { fileHash, makeShard, makeXorb } from "../local-hub/xet/forge.ts";
import { type Bench, timed } from "./bench.ts";
import { startHubProcess } from "./hub-process.ts";

const MESSAGE_BYTES = 1500;

export const bench: Bench = {
  name: "local-hub-commits",
  async run({ short }) {
    await using hub = await startHubProcess();
    const commit = await committer(hub.url);
    await commit(1);
    const single = short ? 20 : 300;
    const singleMs = await timed(async () => {
      for (let i = 0; i < single; i++) await commit(1);
    });
    const groups = short ? 2 : 20;
    const groupMs = await timed(async () => {
      for (let i = 0; i < groups; i++) await commit(100);
    });
    const parallelMs = await timed(() =>
      Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let i = 0; i < single / 4; i++) await commit(1);
        }),
      ),
    );
    const unit = "commits/s";
    return [
      { measure: "commits of one file, one after the other", value: (single * 1000) / singleMs, unit },
      { measure: "commits of one file, eight at a time", value: (single * 2 * 1000) / parallelMs, unit },
      {
        measure: "commits of 100 files, one after the other",
        value: (groups * 1000) / groupMs,
        unit,
        note: `${((groups * 100_000) / groupMs).toFixed(0)} files/s`,
      },
    ];
  },
};

/** Three requests a commit, whatever the number of files: xorb, shard, batch. */
async function committer(url: string): Promise<(files: number) => Promise<void>> {
  const authorization = { Authorization: "Bearer hf_local_ada" };
  const send = async (to: string, headers: Record<string, string>, body?: string | Buffer<ArrayBuffer>) => {
    const response = await fetch(to, { method: "POST", headers, ...(body === undefined ? {} : { body }) });
    if (!response.ok) throw new Error(`${to}: ${response.status} ${await response.text()}`);
    await response.arrayBuffer();
  };
  const api = `${url}/api/buckets/ada/bench`;
  await send(api, authorization);
  const token = await (await fetch(`${api}/xet-write-token`, { headers: authorization })).json();
  const { casUrl, accessToken } = token as { casUrl: string; accessToken: string };
  const cas = { Authorization: `Bearer ${accessToken}` };
  let count = 0;
  return async (size) => {
    const xorb = makeXorb(Array.from({ length: size }, () => randomBytes(MESSAGE_BYTES)));
    const files = xorb.chunks.map((_, i) => ({ terms: [{ xorb, first: i, end: i + 1 }] }));
    await send(`${casUrl}/v1/xorbs/default/${xorb.hash}`, cas, xorb.bytes);
    await send(`${casUrl}/v1/shards`, cas, makeShard({ files, xorbs: [xorb] }));
    const lines = files.map((file) => {
      const path = `board/${String(count++).padStart(8, "0")}.md`;
      return JSON.stringify({ type: "addFile", path, xetHash: fileHash(file) });
    });
    await send(`${api}/batch`, authorization, lines.join("\n"));
  };
}
