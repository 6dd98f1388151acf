/** Listing a bucket as large as a busy collab's after months. */

import type { LocalHub } from "../../wizard/local-hub/server.ts";
import { batch, EMPTY, page, pages } from "../local-hub/buckets/client.ts";
import { type Bench, median, timed } from "./bench.ts";
import { startHubProcess } from "./hub-process.ts";

const BATCH = 5000;

export const bench: Bench = {
  name: "local-hub-tree",
  async run({ short }) {
    const files = short ? 10_000 : 100_000;
    await using process = await startHubProcess();
    const hub = { url: process.url } as LocalHub;
    await fetch(`${hub.url}/api/buckets/ada/big`, {
      method: "POST",
      headers: { Authorization: "Bearer hf_local_ada" },
    });
    const fillMs = await timed(async () => {
      for (let i = 0; i < files; i += BATCH) await batch(hub, "ada/big", adds(i));
    });
    const time = async (query: string) => {
      const runs = [];
      for (let i = 0; i < 5; i++) runs.push(await timed(() => pages(hub, `ada/big/tree${query}`)));
      return median(runs);
    };
    const all = `${files.toLocaleString("en")} files`;
    return [
      { measure: `adding ${all}`, value: (files * 1000) / fillMs, unit: "files/s", note: `${BATCH} a batch` },
      { measure: `listing ${all}`, value: await time("?limit=5000"), unit: "ms", note: "5000 a page" },
      { measure: `listing ${all}`, value: await time(""), unit: "ms", note: "1000 a page, as clients do" },
      { measure: "listing one directory of 100", value: await time("/board%2F00003%2F"), unit: "ms" },
      { measure: "listing the root, collapsed", value: await time("?recursive=false"), unit: "ms" },
      {
        measure: "asking for the ten newest",
        value: await timed(() => page(hub, "ada/big/tree?sort=uploadedAt&limit=10")),
        unit: "ms",
      },
    ];
  },
};

const adds = (from: number) =>
  Array.from({ length: BATCH }, (_, i) => ({
    type: "addFile",
    path: `board/${String(Math.floor((from + i) / 100)).padStart(5, "0")}/${from + i}.md`,
    xetHash: EMPTY,
  }));
