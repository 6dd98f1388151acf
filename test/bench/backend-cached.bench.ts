/** What our HTTP layer costs: a cached answer against a bare server that sends the same bytes. */
import { fork } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { BackendUnderTest } from "../support/backend.ts";
import { type Bench, median } from "./bench.ts";
import { fillBoard } from "./reads/fill.ts";

const ROUNDS = 7;
const CONNECTIONS = 32;
const PATH = "/v1/messages?expand=true&limit=20";

export const bench: Bench = {
  name: "backend-cached",
  async run({ short }) {
    await using under = await BackendUnderTest.start();
    fillBoard(under.board, 1_300);
    const answer = await fetch(`${under.url}${PATH}`);
    const headers = Object.fromEntries(answer.headers);
    const body = Buffer.from(await answer.arrayBuffer());
    const bare = createServer((_request, response) => {
      response.writeHead(200, headers);
      response.end(body);
    }).listen(0, "127.0.0.1");
    await new Promise((done) => bare.once("listening", done));
    const bareUrl = `http://127.0.0.1:${(bare.address() as AddressInfo).port}`;
    const seconds = short ? 0.3 : 2;
    const ours: number[] = [];
    const theirs: number[] = [];
    try {
      // In turns, so that whatever else the machine does falls on both.
      for (let round = 0; round < (short ? 2 : ROUNDS); round += 1) {
        theirs.push(await requestsPerSecond(bareUrl, seconds));
        ours.push(await requestsPerSecond(under.url, seconds));
      }
    } finally {
      bare.closeAllConnections();
      bare.close();
    }
    const shares = ours.map((value, round) => (100 * value) / (theirs[round] ?? Number.NaN));
    const note = `${CONNECTIONS} connections, answers of ${Math.round(body.length / 1000)} KB`;
    return [
      { measure: "cached GET", value: median(ours), unit: "requests/s", note },
      { measure: "bare node:http, same bytes", value: median(theirs), unit: "requests/s", note },
      {
        measure: "cached GET against bare",
        value: median(shares),
        unit: "%",
        note: "median of the rounds; goal 70",
      },
    ];
  },
};

/** Measured from a process of its own: the client's work must not take time from the server. */
function requestsPerSecond(url: string, seconds: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const client = fork(join(import.meta.dirname, "reads/load.ts"), [
      url,
      PATH,
      String(seconds),
      String(CONNECTIONS),
    ]);
    client.once("message", (rate) => resolve(rate as number));
    client.once("exit", (code) => {
      if (code !== 0) reject(new Error(`the load client ended with ${code}`));
    });
  });
}
