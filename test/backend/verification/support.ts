/** A collab with one agent and one result, to be judged. */
import { expect, vi } from "vitest";
import type { CollabInput } from "../../../template/schema/collab.ts";
import {
  parseVerdict,
  type Verdict,
  verdictPath,
} from "../../../template/spaces/backend/documents/verdict.ts";
import {
  BackendUnderTest,
  type BackendUnderTestOptions,
  type TestAgent,
  tokenOf,
} from "../../support/backend.ts";

export const INDEX = "results/verification_status.json";
export const ORGANISER = tokenOf("organizer");
export const soon = { timeout: 30_000, interval: 30 };

export const FAST: BackendUnderTestOptions["start"] = {
  recordLimits: {
    editsWithinMs: 100,
    pendingWithinMs: 50,
    firstWaitMs: 5,
    longestWaitMs: 50,
    leaseTtlMs: 1_000,
    leasePollMs: 20,
  },
  leaderboardDelayMs: 60_000,
  verification: { tickMs: 100, wakeMs: 5 },
};

export interface Court {
  under: BackendUnderTest;
  ada: TestAgent;
  filename: string;
}

export async function court(
  collab: Partial<CollabInput> = {},
  options: BackendUnderTestOptions = {},
): Promise<Court & AsyncDisposable> {
  const under = await BackendUnderTest.start({ collab, start: { ...FAST, ...options.start }, ...options });
  const ada = await under.agent("ada");
  const filename = await under.result(ada, 100);
  // What a test writes to the index beside the backend must not meet the backend's own first entry.
  await vi.waitFor(async () => expect(await indexOf(under)).toHaveProperty([filename]), soon);
  return { under, ada, filename, [Symbol.asyncDispose]: () => under[Symbol.asyncDispose]() };
}

export const judge = (
  { under, filename }: Court,
  state: string,
  fields: Record<string, unknown> = {},
  token = ORGANISER,
) => under.post(`/v1/results/${filename}:judge`, { state, reason: `because ${state}`, ...fields }, token);

/** The index as it lies in the bucket. */
export async function indexOf(under: BackendUnderTest): Promise<Record<string, string>> {
  return JSON.parse((await under.central.readText(INDEX)) ?? "{}");
}

/** As an organiser does it: by hand, beside the backend. */
export async function editIndex(under: BackendUnderTest, entries: Record<string, string>): Promise<void> {
  const content = JSON.stringify({ ...(await indexOf(under)), ...entries });
  await under.central.write([{ path: INDEX, content }]);
}

/** The verdict file as it lies in the bucket. */
export async function verdictOf(under: BackendUnderTest, filename: string): Promise<Verdict | null> {
  return parseVerdict((await under.central.readText(verdictPath(filename))) ?? "");
}

export interface Announcement {
  filename: string;
  frontmatter: Record<string, unknown>;
  body: string;
}

/** Messages of the server about this result, oldest first. */
export async function announcements({ under, filename }: Court): Promise<Announcement[]> {
  const { body } = await under.get("/v1/messages?type=verification&expand=true&order=asc&limit=200");
  return (body.items as Announcement[]).filter(({ body: text }) => text.includes(filename));
}
