/**
 * Every call to the Hub that the backend makes beside requests and starts x every way a call can fail: nothing
 * acknowledged is lost or doubled, the backend goes on serving and says what failed, and what the call was for is
 * done once the Hub is right again. A fault lasts until the backend has met it and said so; nothing waits for time.
 */
import { describe, expect, test } from "vitest";
import type { HubBucket } from "../../../template/hub/types.ts";
import { tokenOf } from "../../support/backend.ts";
import { eventually } from "../../support/eventually.ts";
import { addFault, type Fault, faultsMet, liftFaults, ruleOf } from "../../support/hub-faults.ts";
import { AUDIT } from "./support.ts";
import { UpkeepBed } from "./upkeep-bed.ts";
import { type Call, clock, FAULTS, LEASE_TTL_MS, leaseOf, ROWS, type Row } from "./upkeep-rows.ts";

/** Dozens of cases one after the other. */
const LONG_MS = 180_000;
/** One that hangs is to be named. */
const CASE_MS = 60_000;
/** Between two looks: who looks all the time keeps the backend from its work. */
const LOOK_MS = 40;
/** What the Hub says of a failure is somebody else's text. */
const TOKEN_IN_TEXT = `Injected for ${tokenOf("organizer")}`;

/** A file that the Hub says is not there is no failure of the call. */
function isSilent(call: string, { kind, status }: Fault): boolean {
  return kind === "delay" || (status === 404 && call.includes("/resolve/"));
}

/** Calls that every write makes: while they fail no write is acknowledged. */
const isShared = (call: string) => /\/xet\/|\/batch$|\/lease\.json$/.test(call);

async function meet(bed: UpkeepBed, row: Row, n: number, { call, skip = 0, says }: Call, fault: Fault) {
  const { url } = bed.under.localHub;
  await row.prepare?.(bed, n);
  bed.forgetLog();
  const { method, path } = ruleOf(call);
  // Storage knows no users; there only the backend is writing.
  const user = path.startsWith("/xet/") ? {} : { user: "organizer" };
  const isEntry = fault.kind === "batch_entry";
  const rule = isEntry ? { path } : { path, method, skip, message: TOKEN_IN_TEXT, ...user };
  await addFault(url, { ...rule, ...fault });
  await row.act(bed, n);
  if (isSilent(call, fault))
    await eventually(async () => (await faultsMet(url)).some((met) => met > 0), LOOK_MS);
  else await bed.logged(says ?? row.says);
  await bed.expectServing();
  await row.during?.(bed, n, call);
  const posting = bed.post();
  if (!isShared(call)) await posting;
  await liftFaults(url);
  await posting;
  await eventually(() => row.isDone(bed, n), LOOK_MS);
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(() => late.reject(new Error(`not over after ${ms / 1000} s`)), ms);
  await Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}

describe.concurrent("what the backend does by itself survives every fault of every call it makes", () => {
  test.each(Object.entries(ROWS))("%s", { timeout: LONG_MS }, async (_, row) => {
    await using bed = await UpkeepBed.start(row);
    await row.begin?.(bed);
    await row.prepare?.(bed, 0);
    bed.callsSoFar();
    await row.act(bed, 0);
    await eventually(() => row.isDone(bed, 0), LOOK_MS);
    const seen = bed.callsSoFar();
    const calls = row.calls?.(seen) ?? seen.map((call): Call => ({ call }));
    expect(calls.length).toBeGreaterThan(0);
    let n = 0;
    for (const each of calls) {
      for (const [what, fault] of Object.entries(each.faults ?? FAULTS)) {
        n += 1;
        await within(CASE_MS, meet(bed, row, n, each, fault)).catch((error: Error) => {
          throw new Error(`${each.call} ${what}: ${error.message}`, { cause: error });
        });
      }
    }
    await row.end?.(bed);
    await bed.expectNothingLost();
  });
});

const LOSING = Object.entries(FAULTS).filter(([, fault]) => fault.status !== 404);

test("a lease that was taken while the Hub fails is noticed once it does not, and nothing more is written", {
  timeout: LONG_MS,
}, async () => {
  const { time, now } = clock();
  await using bed = await UpkeepBed.start({ start: { now, recordLimits: { leaseTtlMs: LEASE_TTL_MS } } });
  const { url } = bed.under.localHub;
  const both = async () => [await filesOf(bed.central), await filesOf(bed.audit)];
  for (const [what, fault] of LOSING) {
    const taken = { ...(await leaseOf(bed)), owner: "newcomer", host: "elsewhere", released: false };
    const staged = await bed.audit.stage([{ path: "lease.json", content: JSON.stringify(taken) }]);
    bed.forgetLog();
    await addFault(url, { ...fault, path: `/buckets/${AUDIT}/resolve/lease.json`, user: "organizer" });
    await bed.audit.publish({ staged });
    time.now += LEASE_TTL_MS;
    if (!isSilent("", fault)) await bed.logged(/renewing the lease failed/);
    const before = await both();
    const posting = bed.under.post("/v1/messages", { agent_id: "alice", body: what }, bed.agent.key);
    await liftFaults(url);
    expect(await posting, what).toMatchObject({ status: 503, body: { error: { code: "NOT_READY" } } });
    await bed.logged(/backend newcomer has taken over /);
    expect((await bed.under.get("/v1/messages")).status).toBe(200);
    expect(await both(), what).toEqual(before);
    // It goes, and this one begins anew.
    await bed.audit.write([{ path: "lease.json", content: JSON.stringify({ ...taken, released: true }) }]);
    await bed.under.crash();
    await bed.post();
  }
  await bed.expectNothingLost();
});

async function filesOf(bucket: HubBucket): Promise<string[]> {
  const files: string[] = [];
  for await (const { path, xetHash } of bucket.list()) files.push(`${path} ${xetHash}`);
  return files.sort();
}
