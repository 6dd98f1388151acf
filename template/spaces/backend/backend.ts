/** Everything a route may use, handed from the start to each request. */
import type { Hub } from "../../hub/types.ts";
import type { Collab, ResourceNames } from "../../schema/collab.ts";
import type { Access } from "./access/access.ts";
import type { Board } from "./board/board.ts";
import type { Config } from "./config.ts";
import { EventLog } from "./events/event-log.ts";
import { OpenStreams } from "./events/open-streams.ts";
import { Tickets } from "./events/tickets.ts";
import { FileReader } from "./file-reader.ts";
import type { LiveCollab } from "./live-collab.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { StartedRecord } from "./record/record.ts";
import type { RunsOptions } from "./runs/options.ts";
import { Runs } from "./runs/runs.ts";
import { Verdicts } from "./verification/decide.ts";
import { type VerificationOptions, VerificationWorker } from "./verification/worker.ts";

export interface Readiness {
  status: "ready" | "starting" | "stopping";
  /** What is waited for; empty when ready. */
  missing: string[];
  /** The board is filled: reads are answered, even while another backend still holds the lease. */
  canRead: boolean;
}

export interface BackendParts {
  config: Config;
  live: LiveCollab;
  hub: Hub;
  board: Board;
  record: StartedRecord;
  access: Access;
  now(): number;
  log: Log;
  metrics: Metrics;
  /** Shorter waits in tests. */
  runs?: Partial<RunsOptions>;
  verification?: Partial<VerificationOptions>;
}

export class Backend {
  readonly config: Config;
  readonly live: LiveCollab;
  readonly hub: Hub;
  readonly board: Board;
  readonly record: StartedRecord;
  readonly access: Access;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly files: FileReader;
  readonly events: EventLog;
  readonly runs: Runs;
  readonly streams = new OpenStreams();
  readonly verdicts: Verdicts;
  readonly verification: VerificationWorker;
  /** The central bucket is private: then reads are for members. */
  isPrivate = false;
  readonly readiness: Readiness = { status: "starting", missing: ["record"], canRead: false };
  /** Origins of the dashboard Space, as the Hub names them; filled in after the start. */
  readonly dashboardOrigins = new Set<string>();
  /** OAuth app of the dashboard Space, likewise. */
  dashboardClientId: string | null = null;
  readonly tickets: Tickets;

  constructor(parts: BackendParts) {
    this.config = parts.config;
    this.live = parts.live;
    this.hub = parts.hub;
    this.board = parts.board;
    this.record = parts.record;
    this.access = parts.access;
    this.now = parts.now;
    const central = parts.hub.bucket(parts.live.names.centralBucket);
    this.events = new EventLog(parts.board, parts.now);
    this.files = new FileReader(central, () => parts.board.version, parts.now);
    this.verdicts = new Verdicts(this);
    this.tickets = new Tickets(parts.now);
    this.log = parts.log;
    this.metrics = parts.metrics;
    this.runs = new Runs(this, parts.runs);
    this.verification = new VerificationWorker(this, parts.verification);
  }

  get collab(): Collab {
    return this.live.current;
  }

  /** Client ids of the apps that people sign in to. */
  clientIds(): string[] {
    const { oauthClientIds } = this.config;
    return this.dashboardClientId === null ? oauthClientIds : [this.dashboardClientId, ...oauthClientIds];
  }

  get names(): ResourceNames {
    return this.live.names;
  }
}
