/** What a quiet collab costs: every agent polls its inbox and the board, nothing happens. */
import { BackendUnderTest } from "../support/backend.ts";
import type { Bench } from "./bench.ts";
import { AGENTS, fillBoard } from "./reads/fill.ts";

const POLL_MS = 10_000;
/** What follows a start and is no idling: its snapshot, and `leaderboard/` 15 s later. */
const SETTLE_MS = 20_000;
const PATHS = (agent: number) => [
  `/v1/inbox/agent-${agent}?order=asc&expand=true`,
  "/v1/messages?expand=true",
];

export const bench: Bench = {
  name: "backend-idle",
  async run({ short }) {
    await using under = await BackendUnderTest.start();
    fillBoard(under.board, 1_300);
    const seconds = short ? 12 : 300;
    if (!short) await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    await fetch(`${under.localHub.url}/_emulator/requests`, { method: "DELETE" });
    const until = performance.now() + seconds * 1000;
    const polls = await Promise.all(
      Array.from({ length: AGENTS }, (_, agent) => pollUntil(under.url, agent, until)),
    );
    const log = await (await fetch(`${under.localHub.url}/_emulator/requests?limit=10000`)).json();
    const { requests } = log as { requests: { path: string }[] };
    const hub = requests.filter(({ path }) => path.startsWith("/api/") || path.includes("/resolve/"));
    const total = polls.reduce((sum, count) => sum + count, 0);
    const note = `${AGENTS} agents, ${total} polls in ${seconds} s`;
    return [
      {
        measure: "Hub API calls of an idle collab",
        value: (60 * hub.length) / seconds,
        unit: "calls/min",
        note: `${note}; goal 5`,
      },
      {
        measure: "storage calls besides",
        value: (60 * (requests.length - hub.length)) / seconds,
        unit: "calls/min",
        note,
      },
    ];
  },
};

async function pollUntil(url: string, agent: number, until: number): Promise<number> {
  const etags = new Map<string, string>();
  let polls = 0;
  // Agents do not march in step.
  await pause((POLL_MS * agent) / AGENTS);
  while (performance.now() < until) {
    for (const path of PATHS(agent)) {
      const etag = etags.get(path);
      const response = await fetch(`${url}${path}`, { headers: etag ? { "if-none-match": etag } : {} });
      if (response.status !== 200 && response.status !== 304) throw new Error(`${path}: ${response.status}`);
      etags.set(path, response.headers.get("etag") ?? "");
      await response.arrayBuffer();
      polls += 1;
    }
    await pause(Math.min(POLL_MS, Math.max(0, until - performance.now())));
  }
  return polls;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
