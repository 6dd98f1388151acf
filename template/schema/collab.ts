/**
 * `collab.yaml`: the single source of truth of a collab, shared by the wizard, the backend, the
 * dashboard and the eval Space. One zod schema gives the type, the defaults and the checks.
 *
 * Reading the file with line numbers, suggestions and fixes is in `parse.ts`; the rules that span
 * several fields are in `rules.ts`.
 */
import { z } from "zod";
import { JOB_HARDWARE } from "./hardware.ts";

/** Agent ids, slugs and taskforce names: 1–40 characters, `a-z 0-9 -`, alphanumeric at both ends. */
export const ID_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
/** A Hugging Face user or organisation name. */
export const NAMESPACE_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9])?$/;
/** `namespace/name` of a bucket or a Space. The Hub allows 96 characters in a repository name. */
export const REPO_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}\/[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
/** A frontmatter key: what a score, a guardrail or a column is called in a result file. */
export const FIELD_PATTERN = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/;

export const FLAVOURS = ["score", "proof", "build", "knowledge"] as const;
export const STATUSES = ["draft", "open", "paused", "frozen", "closed"] as const;
export const DIRECTIONS = ["higher", "lower"] as const;
export const VERIFICATION_MODES = ["manual", "eval-space", "jobs", "peer"] as const;
export const WRITE_MODES = ["signed", "open"] as const;
/** How several draws of one submission become one score. */
export const STATISTICS = ["best", "median", "lower-bound"] as const;
/** What a score that a participant typed is worth beside scores that the server took from runs. */
export const SELF_REPORTED = ["ranked", "unranked", "refused"] as const;
export type SelfReported = (typeof SELF_REPORTED)[number];
/** Which results a verifier re-runs: those better than the best valid one of a track, or every one. */
export const VERIFICATION_TRIGGERS = ["best", "all"] as const;

/** What keeps a submission from private data: another user, files it cannot reach, no network. */
export const ISOLATION_PARTS = ["user", "files", "network"] as const;

const text = (max: number) => z.string().trim().min(1, "must not be empty").max(max);
const id = z
  .string()
  .regex(ID_PATTERN, "1 to 40 of a-z, 0-9 and '-', starting and ending with a letter or digit");
const namespace = z.string().regex(NAMESPACE_PATTERN, "a Hugging Face user or organisation name");
const repoId = z.string().regex(REPO_ID_PATTERN, "a Hub id of the form namespace/name");
const field = z
  .string()
  .regex(FIELD_PATTERN, "a frontmatter key: letters, digits and '_', not starting with a digit");
const relativePath = z
  .string()
  .min(1, "must not be empty")
  .refine(
    (path) => !path.startsWith("/") && !path.split(/[\\/]/).includes(".."),
    "a path inside the collab directory, without '..'",
  );
const count = (max: number) => z.number().int().positive().max(max);

const collab = z.strictObject({
  slug: id,
  title: text(120),
  tagline: z.string().trim().max(300).default(""),
  flavour: z.enum(FLAVOURS).default("score"),
  /** Organisation of the challenge: participants are members of it with the role contributor. */
  org: namespace,
  /** Organisation of the organisers only; holds the audit bucket. Default: `{org}-admin`. */
  admin_org: namespace.optional(),
  status: z.enum(STATUSES).default("open"),
});

/** Markdown files of the collab directory that become parts of the agents' README. */
const task = z.strictObject({
  goal: relativePath.default("task/goal.md"),
  rules: relativePath.default("task/rules.md"),
  measure: relativePath.default("task/measure.md"),
  validity: relativePath.default("task/validity.md"),
});

const guardrail = z
  .strictObject({
    field,
    label: text(60).optional(),
    unit: z.string().trim().max(30).default(""),
    /** Both limits are inclusive. */
    min: z.number().optional(),
    max: z.number().optional(),
    description: z.string().trim().max(300).default(""),
  })
  .refine((g) => g.min !== undefined || g.max !== undefined, { message: "needs min, max or both", path: [] });

const track = z.strictObject({
  id,
  title: text(60),
  description: z.string().trim().max(300).default(""),
  /** Fields a result must have to count in this track: a guardrail or a column. */
  requires: z.array(field).max(20).default([]),
  /** Limits of this track alone, beside the guardrails that hold for every result. */
  limits: z.array(guardrail).max(20).default([]),
});

const column = z.strictObject({
  field,
  label: text(60).optional(),
  unit: z.string().trim().max(30).default(""),
});

const scoring = z.strictObject({
  field: field.default("score"),
  label: text(60).optional(),
  unit: z.string().trim().max(30).default("points"),
  direction: z.enum(DIRECTIONS).default("higher"),
  /** Frontmatter keys every result must carry; the score field is always among them. */
  required: z.array(field).max(30).default(["method", "status", "description"]),
  statistic: z.enum(STATISTICS).default("best"),
  /** Completed runs of one submission that a score needs to be more than provisional. */
  draws: count(50).default(1),
  /** Scores no further apart than this are a tie where there are too few draws to tell; in the unit of the score. */
  noise: z.number().min(0).default(0),
  /** Default: `unranked` where Jobs measure, `ranked` where nothing else does; see `selfReported()`. */
  self_reported: z.enum(SELF_REPORTED).optional(),
  guardrails: z.array(guardrail).max(20).default([]),
  tracks: z.array(track).max(10).default([]),
  columns: z.array(column).max(10).default([]),
});

/** Of every mode. */
const anyVerification = {
  /** A result that nobody judged for this long is `expired`; null is never. */
  expires_days: count(3650).nullable().default(null),
};

const verification = z
  .discriminatedUnion("mode", [
    z.strictObject({ mode: z.literal("manual"), ...anyVerification }),
    z.strictObject({
      mode: z.literal("eval-space"),
      ...anyVerification,
      evaluator: relativePath.default("evaluator"),
      /** Run in the evaluator's folder for each result: JSON on stdin, a verdict as JSON on stdout. */
      command: z.array(z.string().min(1).max(500)).min(1).max(50).default(["python3", "evaluate.py"]),
      poll_seconds: count(86_400).default(60),
      timeout_seconds: count(86_400).default(600),
      memory_mb: count(1_048_576).default(2048),
    }),
    z.strictObject({
      mode: z.literal("jobs"),
      ...anyVerification,
      /** Name under which verdicts are announced; a reserved agent id. */
      agent: id.default("verifier"),
      private_data: relativePath.default("eval_dataset"),
      /** Largest accepted relative difference between the claimed and the re-run score. */
      tolerance: z.number().min(0).max(1).default(0.05),
      /** A difference this close to `tolerance`, on either side, is measured again; the mean is judged. */
      grey_band: z.number().min(0).max(1).default(0.02),
      /** Runs of one result at most. */
      max_runs: count(20).default(3),
      /** Verification runs in 24 hours, all results together. */
      runs_per_day: count(10_000).default(20),
      trigger: z.enum(VERIFICATION_TRIGGERS).default("best"),
      /** Added to the harness's command, behind `--private-dir`: what isolation it must insist on, for example. */
      args: z.array(z.string().max(500)).max(50).default([]),
      /**
       * What the summary of a run must say was enforced (`isolation.files.enforced: true`); a run that does not
       * say so gives no verdict. An empty list lets submissions see and send the private data.
       */
      isolation: z.array(z.enum(ISOLATION_PARTS)).max(3).default(["files", "network"]),
      /** Who the runs belong to and who pays. Default: the organisers' organisation, whose logs no participant reads. */
      namespace: namespace.optional(),
    }),
    z.strictObject({
      mode: z.literal("peer"),
      ...anyVerification,
      /** Reviews of one kind, by different people, that decide. */
      reviews: count(20).default(2),
    }),
  ])
  .prefault({ mode: "manual" });

/** The cheap lane: does it start, does it answer. Its results never rank. */
const smokeLane = z.strictObject({
  enabled: z.boolean().default(true),
  timeout_minutes: count(60 * 24).default(15),
  /** Default: that of the full lane. */
  hardware: z.enum(JOB_HARDWARE).optional(),
  /** Behind `jobs.args`. */
  args: z.array(z.string().max(500)).max(50).default(["--profile", "smoke"]),
  per_agent_per_day: count(10_000).default(20),
});

/** What a submission's manifest must look like, looked at before anything is paid for. */
const manifest = z.strictObject({
  /** In the submission. */
  file: relativePath.default("manifest.json"),
  /** A JSON Schema in the harness folder. */
  schema: relativePath.default("manifest.schema.json"),
});

const jobs = z.strictObject({
  enabled: z.boolean().default(false),
  image: text(300).default("python:3.12-slim"),
  hardware: z.enum(JOB_HARDWARE).default("cpu-basic"),
  timeout_minutes: count(60 * 24 * 7).default(40),
  harness: relativePath.default("harness"),
  entrypoint: relativePath.default("run.py"),
  args: z.array(z.string().max(500)).max(50).default([]),
  per_agent_per_day: count(10_000).default(10),
  per_user_per_day: count(10_000).default(30),
  /** Full runs of one and the same content, whoever sends it. */
  per_submission_per_day: count(10_000).default(5),
  smoke: smokeLane.prefault({}),
  manifest: manifest.optional(),
  /** How long the unchanged baseline takes in the full lane: the limit must leave it room. */
  baseline_minutes: z.number().positive().nullable().default(null),
  submission_bytes: count(1024 ** 4).default(50 * 1024 ** 3),
  submission_files: count(100_000).default(10_000),
  /** Most that all Jobs of one day may cost together, in US dollars; null is no limit. */
  budget_per_day: z.number().positive().nullable().default(null),
});

const channel = z.strictObject({ id, title: text(60), description: z.string().trim().max(300).default("") });

const limits = z.strictObject({
  /** Promotions from one scratch bucket; runs of its agent and their results count too. */
  bucket_writes_burst: count(10_000).default(20),
  bucket_writes_per_minute: count(10_000).default(60),
  /** Posts whose text comes in the request, per agent. */
  raw_messages_per_minute: count(10_000).default(5),
  raw_messages_per_hour: count(100_000).default(30),
  registrations_per_minute: count(1_000).default(3),
  /** Writes of one Hugging Face user and all their agents together. */
  user_writes_per_minute: count(1_000_000).default(240),
  /** Per network address, whoever is behind it: every write, and of those registrations. */
  address_writes_per_minute: count(1_000_000).default(1_200),
  address_registrations_per_minute: count(100_000).default(30),
  /** Per network address: searches (`q=`), and wrong tokens or keys. */
  address_searches_per_minute: count(100_000).default(120),
  address_failures_per_minute: count(100_000).default(60),
  mention_fanout: count(100).default(10),
  /** Bytes of one message, result or note. */
  document_bytes: count(16 * 1024 * 1024).default(262_144),
  sync_bytes: count(1024 ** 4).default(5 * 1024 ** 3),
  sync_files: count(100_000).default(10_000),
});

const board = z.strictObject({
  channels: z.array(channel).max(50).default([]),
  /** `signed`: every write carries an agent key or an HF token. `open`: as in the v1 API. */
  writes: z.enum(WRITE_MODES).default("signed"),
  limits: limits.prefault({}),
});

const axis = z.strictObject({
  id,
  title: text(60),
  description: z.string().trim().max(300).default(""),
  values: z.array(text(60)).max(50).default([]),
});

const exploration = z.strictObject({
  axes: z.array(axis).max(20).default([]),
  guidelines: relativePath.optional(),
});

const access = z.strictObject({
  /** Where people join the organisation; made by a human in the organisation's settings. */
  invite_url: z.url({ protocol: /^https?$/ }).optional(),
});

/** Every name on the Hub. What is left out gets its default in `resourceNames()`. */
const resources = z.strictObject({
  central_bucket: repoId.optional(),
  audit_bucket: repoId.optional(),
  backend_space: repoId.optional(),
  dashboard_space: repoId.optional(),
  eval_space: repoId.optional(),
});

export const CollabSchema = z.strictObject({
  schema_version: z.literal(1).default(1),
  collab,
  task: task.prefault({}),
  scoring: z.union([z.literal("none"), scoring]).prefault({}),
  verification,
  jobs: jobs.prefault({}),
  board: board.prefault({}),
  exploration: exploration.prefault({}),
  access: access.prefault({}),
  resources: resources.prefault({}),
});

/** A validated `collab.yaml` with every default filled in. */
export type Collab = z.infer<typeof CollabSchema>;
/** What may be written in `collab.yaml`: everything with a default may be left out. */
export type CollabInput = z.input<typeof CollabSchema>;
export type Scoring = Exclude<Collab["scoring"], "none">;
export type Guardrail = Scoring["guardrails"][number];
export type Limits = Collab["board"]["limits"];

export interface ResourceNames {
  org: string;
  adminOrg: string;
  centralBucket: string;
  auditBucket: string;
  backendSpace: string;
  dashboardSpace: string;
  evalSpace: string;
}

/** Every Hub name of a collab, with the defaults of design section 1 for what `resources` leaves out. */
export function resourceNames({ collab, resources }: Pick<Collab, "collab" | "resources">): ResourceNames {
  const { slug, org } = collab;
  const adminOrg = collab.admin_org ?? `${org}-admin`;
  return {
    org,
    adminOrg,
    centralBucket: resources.central_bucket ?? `${org}/${slug}-main-bucket`,
    auditBucket: resources.audit_bucket ?? `${adminOrg}/${slug}-audit`,
    backendSpace: resources.backend_space ?? `${org}/${slug}-backend`,
    dashboardSpace: resources.dashboard_space ?? `${org}/${slug}-dashboard`,
    evalSpace: resources.eval_space ?? `${adminOrg}/${slug}-eval`,
  };
}

/** How scores count that no run has measured. */
export function selfReported({ scoring, jobs }: Pick<Collab, "scoring" | "jobs">): SelfReported {
  if (scoring === "none") return "ranked";
  return scoring.self_reported ?? (jobs.enabled ? "unranked" : "ranked");
}

/** Where verification runs belong, and who pays for them. */
export function verificationNamespace(collab: Collab): string {
  const { verification } = collab;
  const chosen = verification.mode === "jobs" ? verification.namespace : undefined;
  return chosen ?? resourceNames(collab).adminOrg;
}

/** The scratch bucket of an agent: `{org}/{slug}-{agent_id}`. Its name is the agent's identity claim. */
export function scratchBucket(collab: Collab["collab"], agentId: string): string {
  return `${collab.org}/${collab.slug}-${agentId}`;
}
