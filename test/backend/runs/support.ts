/**
 * A collab whose Jobs really run: a local hub, the backend with short waits, and a harness of a few lines of
 * Python that does what the submission's `behave.json` tells it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { CollabInput } from "../../../template/schema/collab.ts";
import { findRun } from "../../../template/spaces/backend/board/queries/runs.ts";
import { isRunOver, type Run } from "../../../template/spaces/backend/documents/run.ts";
import type { RunsOptions } from "../../../template/spaces/backend/runs/options.ts";
import { BackendUnderTest, type BackendUnderTestOptions, type TestAgent } from "../../support/backend.ts";
import { addFault, type Fault, faultsMet, liftFaults } from "../../support/hub-faults.ts";

/** Steps of the harness, in the order in which it does them. */
export interface Behaviour {
  score?: unknown;
  /** More of summary.json. */
  summary?: Record<string, unknown>;
  /** Printed before anything is written. */
  print?: string;
  /** Seconds. */
  sleep?: number;
  /** Written as progress.json before it sleeps. */
  progress?: Record<string, unknown>;
  /** Written as they are, listed in outputs.json. */
  files?: Record<string, string>;
  /** Leaves out summary.json, outputs.json, or the `harness-result` line. */
  without?: ("summary" | "outputs" | "line")[];
  /** Written over summary.json after everything else. */
  tamper?: string;
  exit?: number;
}

/** Prints its environment and what it sees too, for those who look for secrets. */
export const HARNESS = `
import argparse, hashlib, json, os, sys, time
from pathlib import Path
parser = argparse.ArgumentParser()
for name in ("submission", "state", "private"):
    parser.add_argument(f"--{name}-dir", type=Path)
parser.add_argument("--profile", default="full")
options = parser.parse_args()
state = options.state_dir
does = json.loads((options.submission_dir / "behave.json").read_text())
print("environment:", json.dumps(dict(os.environ)), flush=True)
if "print" in does:
    print(does["print"], flush=True)
if "progress" in does:
    (state / "progress.json").write_text(json.dumps(does["progress"]))
time.sleep(does.get("sleep", 0))
summary = {"profile": options.profile, "private": options.private_dir is not None, **does.get("summary", {})}
if "score" in does:
    summary["score"] = does["score"]
written = {"summary.json": json.dumps(summary).encode(), **{k: v.encode() for k, v in does.get("files", {}).items()}}
if "summary" in does.get("without", []):
    del written["summary.json"]
for name, data in written.items():
    (state / name).write_bytes(data)
if "outputs" not in does.get("without", []):
    files = [{"path": n, "bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for n, d in written.items()]
    (state / "outputs.json").write_text(json.dumps({"files": files}))
digest = hashlib.sha256(written["summary.json"]).hexdigest() if "summary.json" in written else None
if "tamper" in does:
    (state / "summary.json").write_text(does["tamper"])
if "line" not in does.get("without", []):
    print("harness-result: " + json.dumps({"summary_sha256": digest}), flush=True)
sys.exit(does.get("exit", 0))
`;

const SHORT_WAITS: Partial<RunsOptions> = {
  pollMs: 50,
  answerWithinMs: 60_000,
  launchWaitsMs: [20, 20],
  readBackWaitsMs: [20, 50],
  mirrorWaitsMs: [20, 20],
  outageWaitMs: 20,
  sweepWaitsMs: [50, 500],
};

export interface RunsBedOptions extends Omit<BackendUnderTestOptions, "collab"> {
  jobs?: CollabInput["jobs"];
  collab?: Partial<CollabInput>;
  runs?: Partial<RunsOptions>;
}

export class RunsBed {
  readonly backend: BackendUnderTest;

  private constructor(backend: BackendUnderTest) {
    this.backend = backend;
  }

  static async start({ jobs, collab, runs, start, ...options }: RunsBedOptions = {}): Promise<RunsBed> {
    const backend = await BackendUnderTest.start({
      ...options,
      collab: { jobs: { enabled: true, per_submission_per_day: 1000, ...jobs }, ...collab },
      start: {
        runs: { ...SHORT_WAITS, ...runs },
        recordLimits: { firstWaitMs: 5, longestWaitMs: 50, leasePollMs: 20 },
        hubClient: { attempts: 2, sleep: () => sleep(5) },
        ...start,
      },
    });
    await backend.central.write([{ path: "harness/run.py", content: HARNESS }]);
    return new RunsBed(backend);
  }

  get audit() {
    return this.backend.hubAs("organizer").bucket(this.backend.backend.names.auditBucket);
  }

  get jobs() {
    return this.backend.hubAs("organizer").jobs("demo");
  }

  /** Every Job of a run, in the organisation's namespace. */
  jobsOf(runId: string, namespace = "demo") {
    return this.backend.hubAs("organizer").jobs(namespace).find("run", runId);
  }

  /** Writes a submission into the agent's bucket and returns its prefix. */
  async submission(agent: Pick<TestAgent, "upload">, behaviour: Behaviour, name = "v1"): Promise<string> {
    await agent.upload(`submissions/${name}/behave.json`, JSON.stringify(behaviour));
    return `submissions/${name}`;
  }

  launch(agent: TestAgent, prefix: string, extra: Record<string, unknown> = {}, token = agent.key) {
    return this.backend.post(
      "/v1/jobs:run",
      { agent_id: agent.id, submission_prefix: prefix, ...extra },
      token,
    );
  }

  /** Launches, which must succeed, and returns the run's id. */
  async run(agent: TestAgent, behaviour: Behaviour, extra: Record<string, unknown> = {}): Promise<string> {
    const prefix = await this.submission(agent, behaviour);
    const answer = await this.launch(agent, prefix, extra);
    if (answer.status !== 202) throw new Error(`jobs:run: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body.run_id;
  }

  /** Of the board, whatever backend runs at the moment. */
  state(runId: string): Run {
    const run = findRun(this.backend.board, runId);
    if (!run) throw new Error(`no run ${runId}`);
    return run;
  }

  over(runId: string): Promise<Run> {
    return this.when(runId, isRunOver);
  }

  async when(runId: string, is: (run: Run) => boolean): Promise<Run> {
    for (;;) {
      const run = findRun(this.backend.board, runId);
      if (run && is(run)) return run;
      await sleep(10);
    }
  }

  /** Runs it to its end. */
  async ended(agent: TestAgent, behaviour: Behaviour, extra: Record<string, unknown> = {}): Promise<Run> {
    return this.over(await this.run(agent, behaviour, extra));
  }

  async fault(rule: Fault): Promise<void> {
    await addFault(this.backend.localHub.url, rule);
  }

  /** How often each fault has struck. */
  struck(): Promise<number[]> {
    return faultsMet(this.backend.localHub.url);
  }

  clearFaults(): Promise<void> {
    return liftFaults(this.backend.localHub.url);
  }

  /** How many Jobs run at once. */
  async maxRunning(count: number): Promise<void> {
    const response = await fetch(`${this.backend.localHub.url}/_emulator/jobs`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ maxRunning: count }),
    });
    if (!response.ok) throw new Error(await response.text());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]();
  }
}

export async function waitFor<T>(ask: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    const value = await ask();
    if (value) return value;
    await sleep(20);
  }
}
