/** Every route of the API, in the order `GET /v1` lists them. */
import { getAgent, listAgents } from "./agents.ts";
import { beginSession, endSession, getAuth, getSession } from "./auth.ts";
import type { Route } from "./define.ts";
import { getDigest } from "./digest.ts";
import { issueTicket } from "./event-ticket.ts";
import { listChanges, streamEvents } from "./events.ts";
import { healthz, readyz } from "./health.ts";
import { getInbox } from "./inbox.ts";
import { getJobs } from "./jobs.ts";
import { runJob } from "./jobs-run.ts";
import { judgeResult } from "./judge-result.ts";
import { getLeaderboard, getPareto } from "./leaderboard.ts";
import { getLimits } from "./limits.ts";
import { getMe } from "./me.ts";
import { getMessage, listMessages } from "./messages.ts";
import { pointResult, resultSubmission } from "./point-result.ts";
import { postMessage } from "./post-message.ts";
import { postResult } from "./post-result.ts";
import { postTaskforce } from "./post-taskforce.ts";
import { postTaskforceFile } from "./post-taskforce-file.ts";
import { postTrace } from "./post-trace.ts";
import { registerAgent } from "./register.ts";
import { getResult, listResults } from "./results.ts";
import { disputeResult, reviewResult } from "./review-result.ts";
import { cancelRun, getRun, listAllRuns } from "./runs.ts";
import { selfDescription } from "./self-description.ts";
import { syncArtifacts, syncSharedResources } from "./sync.ts";
import { getTaskforceFile } from "./taskforce-file.ts";
import { getTaskforce, listNotes, listTaskforceFiles, listTaskforces } from "./taskforces.ts";
import { getStats, getTrace, listTraces } from "./traces.ts";
import { getVerification } from "./verification.ts";

export const ROUTES: readonly Route[] = [
  selfDescription(() => ROUTES),
  getDigest,
  getMe,
  getLeaderboard,
  getPareto,
  getInbox,
  listMessages,
  getMessage,
  postMessage,
  listResults,
  getResult,
  postResult,
  judgeResult,
  pointResult,
  reviewResult,
  disputeResult,
  resultSubmission,
  getVerification,
  getJobs,
  runJob,
  listAllRuns,
  getRun,
  cancelRun,
  listAgents,
  getAgent,
  registerAgent,
  listTaskforces,
  postTaskforce,
  getTaskforce,
  postTaskforceFile,
  listNotes,
  listTaskforceFiles,
  getTaskforceFile,
  syncArtifacts,
  syncSharedResources,
  postTrace,
  listTraces,
  getTrace,
  getStats,
  healthz,
  readyz,
  getLimits,
  listChanges,
  streamEvents,
  issueTicket,
  getAuth,
  beginSession,
  getSession,
  endSession,
];
