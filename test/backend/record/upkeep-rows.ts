/** What the backend does by itself, each with how to make it happen, how to see it, and the calls that it makes. */
import { expect } from "vitest";
import { stringify } from "yaml";
import { Dashboard } from "../../support/dashboard.ts";
import { eventually } from "../../support/eventually.ts";
import { type Fault, PASSING_FAULTS } from "../../support/hub-faults.ts";
import { AUDIT, CENTRAL } from "./support.ts";
import type { UpkeepBed, UpkeepOptions } from "./upkeep-bed.ts";

const SOON_MS = 30;
const REFUSALS: Readonly<Record<string, Fault>> = {
  "is answered 401": { kind: "status", status: 401 },
  "is answered 403": { kind: "status", status: 403 },
  "is answered 404": { kind: "status", status: 404 },
};
export const FAULTS: Readonly<Record<string, Fault>> = { ...PASSING_FAULTS, ...REFUSALS };
/** Where many callers share a call, each meets only one of every kind of failure. */
const FEW = ["is answered 503 with Retry-After", "is applied, then cut", "is answered 403"];
const FEW_FAULTS = Object.fromEntries(Object.entries(FAULTS).filter(([what]) => FEW.includes(what)));

export interface Call {
  /** `METHOD /path`, as a pattern. */
  call: string;
  /** Of these calls so many belong to what is written before. */
  skip?: number;
  faults?: Readonly<Record<string, Fault>>;
  /** Where it is not what the row says. */
  says?: RegExp;
}

/** One thing that the backend does by itself. `n` is another number in each case. */
export interface Row extends UpkeepOptions {
  /** How a failure shows in the log. */
  says: RegExp;
  begin?(bed: UpkeepBed): Promise<void>;
  /** While the Hub is right. */
  prepare?(bed: UpkeepBed, n: number): Promise<void>;
  /** Makes the backend do it. */
  act(bed: UpkeepBed, n: number): Promise<unknown>;
  /** What must hold while the Hub fails. */
  during?(bed: UpkeepBed, n: number, call: string): Promise<void>;
  isDone(bed: UpkeepBed, n: number): Promise<boolean>;
  /** The calls that are its own, out of those seen between `act` and its end. */
  calls?(seen: string[]): Call[];
  end?(bed: UpkeepBed): Promise<void>;
}

const API = { central: `/api/buckets/${CENTRAL}`, audit: `/api/buckets/${AUDIT}` };
const XORB = "POST /xet/*/v1/xorbs/*/*";
const SHARD = "POST /xet/*/v1/shards";
const ENTRY_FAULT = "is accepted, but some of its entries fail";
const EXPIRED_FAULT = "finds its storage token expired";

/** The two halves of a bucket's write, met by many. */
function uploads(skip: number): Call[] {
  const faults = { ...FEW_FAULTS, [EXPIRED_FAULT]: { kind: "xet_token_expired" } as const };
  return [XORB, SHARD].map((call) => ({ call, skip, faults }));
}
const entriesFail = (entry: string, skip = 0) => ({
  [ENTRY_FAULT]: { kind: "batch_entry", entry, skip } as const,
});

const INDEX = "results/verification_status.json";
export const LEASE_TTL_MS = 120;

async function stageState(bed: UpkeepBed, n: number): Promise<void> {
  const content = JSON.stringify({ [bed.result]: stateOf(n) });
  bed.edit = await bed.central.stage([{ path: INDEX, content }]);
}
const stateOf = (n: number) => (n % 2 === 0 ? "valid" : "pending");
const begunWithResult = async (bed: UpkeepBed) => {
  bed.result = await bed.under.result(bed.agent, 1);
};
const leaderboardShows = async (bed: UpkeepBed, n: number) =>
  ((await bed.central.readText("leaderboard/leaderboard.json")) ?? "").includes(
    `"verification": "${stateOf(n)}"`,
  );

const isHidden = async (bed: UpkeepBed, filename: string) =>
  (await bed.under.get(`/v1/messages/${filename}`)).body.body.includes("hidden by the organisers");

const nameByHand = (n: number) => `20260101-100000_human-x_${n.toString(16).padStart(8, "0")}.md`;
const textByHand = (n: number) => `---\nagent: human-x\n---\n\nby hand ${n}\n`;
const isShown = async (bed: UpkeepBed, filename: string) =>
  (await bed.under.get(`/v1/messages/${filename}`)).status === 200;

/** Moves only when it is told to. */
export function clock() {
  const time = { now: Date.now() };
  return { time, now: () => time.now };
}
const leaseClock = clock();
const staleClock = clock();
export const leaseOf = async (bed: UpkeepBed) => JSON.parse((await bed.audit.readText("lease.json")) ?? "{}");
const MONTH_MS = 30 * 86_400_000;

let dashboard: Dashboard;

export const ROWS: Readonly<Record<string, Row>> = {
  "looking for organisers' edits": {
    start: { recordLimits: { editsWithinMs: SOON_MS } },
    says: /looking for edits failed: /,
    begin: begunWithResult,
    async prepare(bed, n) {
      bed.hidden.set(await bed.post(`advertising ${n}`), `reason ${n}`);
      const collab = { slug: "gemma", title: `Title ${n}`, org: "demo" };
      const limits = { raw_messages_per_minute: 10_000, raw_messages_per_hour: 100_000 };
      const index = JSON.stringify({ [bed.result]: stateOf(n) });
      const edits = [
        { path: "collab.yaml", content: stringify({ collab, board: { limits } }) },
        { path: "moderation.json", content: JSON.stringify({ hidden: Object.fromEntries(bed.hidden) }) },
        { path: INDEX, content: index },
      ];
      bed.edit = await bed.central.stage(edits);
    },
    act: (bed) => bed.central.publish({ staged: bed.edit }),
    async during(bed, n, call) {
      const before = [...bed.hidden.keys()].slice(0, -1);
      for (const filename of before.slice(-3)) expect(await isHidden(bed, filename)).toBe(true);
      if (call.endsWith("/collab.yaml")) await eventually(async () => isHidden(bed, newest(bed)));
      if (/\.json$/.test(call)) await eventually(() => showsTitle(bed, n));
    },
    isDone: async (bed, n) =>
      (await showsTitle(bed, n)) && (await isHidden(bed, newest(bed))) && showsState(bed, n),
    calls: () => [
      { call: `POST ${API.central}/paths-info` },
      { call: `GET /buckets/${CENTRAL}/resolve/moderation.json` },
      { call: `GET /buckets/${CENTRAL}/resolve/collab.yaml`, faults: FEW_FAULTS },
      { call: `GET /buckets/${CENTRAL}/resolve/${INDEX}`, faults: FEW_FAULTS },
    ],
  },
  "looking at the newest files": {
    start: { recordLimits: { reconcileNewestMs: SOON_MS } },
    says: /looking at the newest files failed: /,
    async prepare(bed, n) {
      const file = { path: `message_board/${nameByHand(n)}`, content: textByHand(n) };
      bed.edit = await bed.central.stage([file]);
    },
    async act(bed, n) {
      bed.byHand(nameByHand(n));
      await bed.central.publish({ staged: bed.edit });
    },
    isDone: (bed, n) => isShown(bed, nameByHand(n)),
  },
  "looking at all files": {
    start: { recordLimits: { reconcileAllMs: SOON_MS } },
    says: /looking at all files failed: /,
    async prepare(bed, n) {
      const gone = { path: `message_board/${nameByHand(2 * n)}`, content: textByHand(2 * n) };
      const comes = { path: `message_board/${nameByHand(2 * n + 1)}`, content: textByHand(2 * n + 1) };
      await bed.central.write([gone]);
      await eventually(() => isShown(bed, nameByHand(2 * n)));
      bed.edit = await bed.central.stage([comes]);
    },
    async act(bed, n) {
      bed.byHand(nameByHand(2 * n + 1));
      await bed.central.publish({
        staged: bed.edit,
        deletes: [`message_board/${nameByHand(2 * n)}`],
      });
    },
    isDone: async (bed, n) =>
      (await isShown(bed, nameByHand(2 * n + 1))) && !(await isShown(bed, nameByHand(2 * n))),
  },
  "writing leaderboard/": {
    start: { recordLimits: { editsWithinMs: SOON_MS }, leaderboardDelayMs: SOON_MS },
    says: /writing leaderboard\/ failed|(?:uploading a|publishing) (?:group|journal segment).* failed|publishing a journal segment failed/,
    begin: begunWithResult,
    prepare: stageState,
    act: (bed) => bed.central.publish({ staged: bed.edit }),
    isDone: leaderboardShows,
    calls: () => [
      ...uploads(0),
      { call: `POST ${API.audit}/batch`, faults: { ...FEW_FAULTS, ...entriesFail("journal/*") } },
      { call: `POST ${API.central}/batch`, faults: { ...FEW_FAULTS, ...entriesFail("leaderboard/*") } },
    ],
  },
  "reading leaderboard/ after a start": {
    start: { recordLimits: { editsWithinMs: SOON_MS }, leaderboardDelayMs: SOON_MS },
    says: /writing leaderboard\/ failed/,
    begin: begunWithResult,
    prepare: stageState,
    act: (bed) => bed.under.crash(() => bed.central.publish({ staged: bed.edit })),
    isDone: leaderboardShows,
    calls: () => [{ call: `GET /buckets/${CENTRAL}/resolve/leaderboard/*` }],
  },
  "writing a snapshot": {
    start: { recordLimits: { snapshotGroups: 1, auditLines: 1 } },
    says: /writing a snapshot failed, again in |no snapshot was written: /,
    act: (bed) => bed.post("before the snapshot"),
    async isDone(bed) {
      const seqs = async (folder: string) =>
        (await bed.names(bed.audit, folder))
          .map((name) => Number(/^\d+/.exec(name)?.[0]))
          .filter((seq) => seq > 0);
      for (let looks = 0; looks < 20; looks += 1) {
        const [manifests, segments] = [await seqs("snapshots"), await seqs("journal")];
        if (manifests.length === 2 && segments.length === 1 && manifests.at(-1) === segments[0]) return true;
      }
      // One that was given up comes with the next group, and so does what is not deleted yet.
      await bed.post("for another snapshot");
      return false;
    },
    calls: () => [
      // A group uploads its segment and its files.
      ...uploads(2),
      {
        call: `POST ${API.audit}/batch`,
        skip: 1,
        faults: { ...FAULTS, ...entriesFail("snapshots/parts/*") },
      },
      {
        call: `POST ${API.audit}/batch`,
        // Behind the segment, the snapshot's parts and its manifest.
        skip: 3,
        faults: { ...FEW_FAULTS, ...entriesFail("journal/*", 1) },
        says: /old segments and snapshots are not deleted yet: /,
      },
    ],
    async end(bed) {
      const lines: string[] = [];
      for (const name of await bed.names(bed.audit, "audit")) {
        const text = (await bed.audit.readText(`audit/${name}`)) ?? "";
        for (const line of text.trim().split("\n")) lines.push(JSON.parse(line).target_path);
      }
      const messages = lines.filter((path) => path.startsWith("message_board/"));
      expect(messages.length).toBeGreaterThan(10);
      expect(messages.length).toBe(new Set(messages).size);
    },
  },
  "writing the verification index": {
    start: { recordLimits: { pendingWithinMs: SOON_MS } },
    says: /writing the verification index failed: /,
    async prepare(bed, n) {
      await bed.agent.upload(
        `results/${n}.md`,
        `---\nscore: ${n + 1}\nmethod: m\nstatus: agent-run\ndescription: d\n---\nnotes ${n}\n`,
      );
    },
    async act(bed, n) {
      const source = `hf://buckets/${bed.agent.bucket}/results/${n}.md`;
      bed.result = (await bed.insist("/v1/results", { source }, `result ${n}`)).body.filename;
    },
    isDone: async (bed) => {
      const index = JSON.parse((await bed.central.readText(INDEX)) ?? "{}");
      return index[bed.result] === "pending";
    },
    calls: () => [
      ...uploads(2),
      { call: `POST ${API.central}/paths-info` },
      { call: `POST ${API.central}/batch`, skip: 1, faults: { ...FEW_FAULTS, ...entriesFail(INDEX) } },
    ],
  },
  "writing refusals": {
    start: { recordLimits: { refusalsWithinMs: SOON_MS } },
    says: /uploading a journal segment failed|publishing a journal segment failed|group \d+ was not taken: /,
    async act(bed, n) {
      const { status } = await bed.under.post("/v1/messages", { agent_id: `refused-${n}`, body: "x" });
      expect(status).toBe(404);
    },
    isDone: async (bed, n) => (await refusalsOf(bed, `refused-${n}`)) > 0,
    calls: () => [
      ...uploads(0),
      { call: `POST ${API.audit}/batch`, faults: { ...FEW_FAULTS, ...entriesFail("journal/*") } },
    ],
    async end(bed) {
      for (let n = 1; n <= 5; n += 1) expect(await refusalsOf(bed, `refused-${n}`), `refused-${n}`).toBe(1);
    },
  },
  "renewing the lease": {
    start: { now: leaseClock.now, recordLimits: { leaseTtlMs: LEASE_TTL_MS } },
    says: /renewing the lease failed: /,
    async act() {
      leaseClock.time.now += LEASE_TTL_MS / 2;
    },
    isDone: async (bed) => Date.parse((await leaseOf(bed)).renewed_at) === leaseClock.time.now,
    calls: () => [
      { call: `GET /buckets/${AUDIT}/resolve/lease.json` },
      ...uploads(0),
      { call: `POST ${API.audit}/batch`, faults: { ...FAULTS, ...entriesFail("lease.json") } },
    ],
  },
  "renewing a lease that others may take for free": {
    start: { now: staleClock.now, recordLimits: { leaseTtlMs: LEASE_TTL_MS } },
    says: /renewing the lease failed/,
    async act() {
      staleClock.time.now += LEASE_TTL_MS;
    },
    isDone: async (bed) => Date.parse((await leaseOf(bed)).renewed_at) === staleClock.time.now,
    calls: () => [
      { call: `GET /buckets/${AUDIT}/resolve/lease.json`, faults: FEW_FAULTS },
      { call: `POST ${API.audit}/batch`, faults: FEW_FAULTS },
    ],
  },
  "deleting the files of old sessions": {
    start: { now: () => Date.now() + MONTH_MS, sessionSweepMs: SOON_MS },
    says: /old sessions are not deleted yet/,
    async prepare(bed, n) {
      bed.edit = await bed.audit.stage([{ path: `sessions/${n}.json`, content: `{"n":${n}}` }]);
    },
    act: (bed) => bed.audit.publish({ staged: bed.edit }),
    isDone: async (bed) => (await bed.names(bed.audit, "sessions")).length === 0,
    calls: (seen) =>
      seen.map((call) => ({
        call,
        ...(call.endsWith("/batch") && { faults: { ...FAULTS, ...entriesFail("sessions/*", 1) } }),
      })),
  },
  "asking for the dashboard": {
    start: { dashboardAgainMs: SOON_MS },
    async beforeStart(localHub) {
      dashboard = await Dashboard.create(localHub);
    },
    says: /the dashboard's origin is not known yet/,
    act: (bed) => bed.under.crash(),
    isDone: async (bed) => (await bed.under.get("/v1/auth")).body.client_id === dashboard.clientId,
    // 404: there is no such Space, which is asked again after minutes.
    calls: (seen) => {
      const { "is answered 404": _, ...faults } = FAULTS;
      return seen.filter((call) => call.includes("/api/spaces/")).map((call) => ({ call, faults }));
    },
  },
};

const newest = (bed: UpkeepBed) => [...bed.hidden.keys()].at(-1) ?? "";
const showsTitle = async (bed: UpkeepBed, n: number) =>
  (await bed.under.get("/v1")).body.title === `Title ${n}`;
const showsState = async (bed: UpkeepBed, n: number) =>
  (await bed.under.get(`/v1/results/${bed.result}`)).body.verification === stateOf(n);

/** In the journal. */
async function refusalsOf(bed: UpkeepBed, agentId: string): Promise<number> {
  let count = 0;
  for (const name of await bed.names(bed.audit, "journal")) {
    const text = (await bed.audit.readText(`journal/${name}`)) ?? "";
    count += text.split("\n").filter((line) => line.includes(`"${agentId}"`)).length;
  }
  return count;
}
