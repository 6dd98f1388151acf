/** A record over a real local hub, and a board to look at. */
import { createHub } from "../../../template/hub/client.ts";
import type { Hub, HubClientOptions } from "../../../template/hub/types.ts";
import { Board } from "../../../template/spaces/backend/board/board.ts";
import { buildMessage } from "../../../template/spaces/backend/documents/message.ts";
import type { Stamp } from "../../../template/spaces/backend/documents/stamp.ts";
import {
  createRecord,
  type RecordOptions,
  type StartedRecord,
} from "../../../template/spaces/backend/record/record.ts";
import type { WriteIntent } from "../../../template/spaces/backend/record/types.ts";
import { type LocalHub, type LocalHubOptions, startLocalHub } from "../../../wizard/local-hub/server.ts";

export const CENTRAL = "demo/gemma-main-bucket";
export const AUDIT = "demo-admin/gemma-audit";

export interface RecordProcess {
  record: StartedRecord;
  board: Board;
}

export interface RecordBed {
  localHub: LocalHub;
  hub: Hub;
  /** A record with a board of its own, as a new process would have it. */
  process(options?: Partial<RecordOptions>): RecordProcess;
  /** The same, started. */
  started(options?: Partial<RecordOptions>): Promise<RecordProcess>;
  /** All processes so far die at once, and another one starts. */
  crash(options?: Partial<RecordOptions>): Promise<RecordProcess>;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function recordBed(
  client: Partial<HubClientOptions> = {},
  options: LocalHubOptions = {},
): Promise<RecordBed> {
  const localHub = await startLocalHub(options);
  const hub = createHub({ endpoint: localHub.url, token: "hf_local_organizer", ...client });
  await hub.bucket(CENTRAL).create({ private: true });
  await hub.bucket(AUDIT).create({ private: true });
  const boards: Board[] = [];
  const records: StartedRecord[] = [];
  const abandonAll = () => {
    for (const record of records) record.abandon();
  };
  const process: RecordBed["process"] = (options = {}) => {
    const board = new Board({ scoring: "none" });
    const record = createRecord({
      hub,
      centralBucket: CENTRAL,
      auditBucket: AUDIT,
      board,
      ...options,
      limits: { firstWaitMs: 5, longestWaitMs: 50, leasePollMs: 20, ...options.limits },
    });
    boards.push(board);
    records.push(record);
    return { record, board };
  };
  const started: RecordBed["started"] = async (options) => {
    const made = process(options);
    await made.record.start();
    return made;
  };
  return {
    localHub,
    hub,
    process,
    started,
    crash(options) {
      abandonAll();
      return started(options);
    },
    async [Symbol.asyncDispose]() {
      abandonAll();
      await localHub.close();
      for (const board of boards) board.close();
    },
  };
}

export interface Posted {
  filename: string;
  mentions: string[];
}

/** A raw message; every `@id` in it is taken for a registered agent. */
export function post(
  author: string,
  body: string,
  idempotency?: WriteIntent<Posted>["idempotency"],
): WriteIntent<Posted> {
  return {
    prepare(stamp: Stamp) {
      const delivery = { isRegistered: () => true, cap: 10 };
      const message = buildMessage({ kind: "raw", author, body }, stamp, delivery);
      return {
        changes: message.changes,
        audit: { agent_id: author, route: "/v1/messages", via: "raw", source: null, status_code: 201 },
        response: { filename: message.filename, mentions: message.mentionsDelivered },
      };
    },
    ...(idempotency && { idempotency }),
  };
}

/** Path to text of everything in a bucket. */
export async function contents(hub: Hub, bucket: string): Promise<Map<string, string>> {
  const paths: string[] = [];
  for await (const { path } of hub.bucket(bucket).list()) paths.push(path);
  const texts = await Promise.all(paths.map((path) => hub.bucket(bucket).readText(path)));
  // A segment that a snapshot has replaced may go between the listing and the reading.
  return new Map(
    paths.flatMap((path, i) => (typeof texts[i] === "string" ? [[path, texts[i]] as const] : [])),
  );
}
