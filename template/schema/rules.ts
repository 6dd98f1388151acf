/** Rules of `collab.yaml` that span several fields. Pure: a list of findings, empty if all is well. */
import { type Collab, type ResourceNames, resourceNames, type Scoring } from "./collab.ts";
import { HARDWARE_PRICE_PER_HOUR } from "./hardware.ts";
import type { Finding } from "./issues.ts";
import { closest } from "./suggest.ts";

type Rule = (collab: Collab) => Finding[];

/** Frontmatter keys that the server writes itself (api-v1.md 2.5): a score under such a name would be overwritten. */
const STAMPED_FIELDS = new Set([
  "agent",
  "timestamp",
  "via",
  "refs",
  "type",
  "broadcast",
  "submission",
  "artifacts",
  "run_id",
  "failure",
  "gates",
  "content_hash",
  "runtime_hash",
  "harness_version",
  "based_on",
]);
/** The Hub allows 96 characters in the name of a repository or bucket. */
const MAX_NAME = 96;

const error = (path: Finding["path"], message: string, fix?: string): Finding => ({
  path,
  message,
  severity: "error",
  ...(fix ? { fix } : {}),
});
const warning = (path: Finding["path"], message: string, fix?: string): Finding => ({
  ...error(path, message, fix),
  severity: "warning",
});

/** Every finding of every rule, in the order of the file. */
export function crossFieldFindings(collab: Collab): Finding[] {
  return RULES.flatMap((rule) => rule(collab));
}

const scoringFits: Rule = ({ collab, scoring, verification }) => {
  if (scoring !== "none") return [];
  const findings: Finding[] = [];
  if (collab.flavour === "score") {
    findings.push(
      error(
        ["collab", "flavour"],
        "score needs a scoring section, but scoring is none",
        "Set flavour to proof, build or knowledge, or describe the score under scoring.",
      ),
    );
  }
  if (verification.mode === "jobs") {
    findings.push(
      error(["verification", "mode"], "jobs compares scores, but scoring is none", "Use manual or peer."),
    );
  }
  return findings;
};

const verificationFits: Rule = ({ verification, jobs }) => {
  if (verification.mode !== "jobs") return [];
  const findings: Finding[] = [];
  if (!jobs.enabled) {
    findings.push(
      error(
        ["verification", "mode"],
        "jobs verification re-runs results as Jobs, but jobs.enabled is false",
        "Set jobs.enabled: true, or choose another verification mode.",
      ),
    );
  }
  if (verification.agent === "human" || verification.agent.startsWith("human-")) {
    findings.push(
      error(
        ["verification", "agent"],
        "names starting with human- belong to people",
        "Choose another name, such as verifier.",
      ),
    );
  }
  return findings;
};

const privateDataIsKept: Rule = ({ verification }) => {
  if (verification.mode !== "jobs") return [];
  const findings: Finding[] = [];
  if (verification.args.length === 0) {
    findings.push(
      warning(
        ["verification", "args"],
        "the harness is asked for no isolation, so a submission may read or send the private data",
        "List what makes your harness insist on it, for example: [--require, files, --require, network].",
      ),
    );
  }
  for (const part of ["files", "network"] as const) {
    if (verification.isolation.includes(part)) continue;
    const what = part === "files" ? "read the private data or change what is measured" : "send them out";
    findings.push(
      warning(
        ["verification", "isolation"],
        `verdicts are given without ${part} isolation: a submission could ${what}`,
        `Add ${part}, unless nothing of the data must stay private.`,
      ),
    );
  }
  return findings;
};

const fieldsDiffer: Rule = ({ scoring }) => {
  if (scoring === "none") return [];
  const findings: Finding[] = [];
  const seen = new Map<string, string>([[scoring.field, "the score itself"]]);
  if (STAMPED_FIELDS.has(scoring.field)) findings.push(stamped(["scoring", "field"], scoring.field));
  for (const [index, { field, min, max }] of scoring.guardrails.entries()) {
    const path = ["scoring", "guardrails", index, "field"];
    const other = seen.get(field);
    if (other)
      findings.push(
        error(
          path,
          `${field} is already ${other}`,
          "A guardrail watches another field than the score; each field once.",
        ),
      );
    if (STAMPED_FIELDS.has(field)) findings.push(stamped(path, field));
    if (min !== undefined && max !== undefined && min > max) {
      findings.push(
        error(["scoring", "guardrails", index, "min"], `is greater than max (${max}): nothing could pass`),
      );
    }
    seen.set(field, "a guardrail");
  }
  return findings;
};

const stamped = (path: Finding["path"], field: string) =>
  error(path, `${field} is written by the server in every result`, "Choose another name.");

const tracksNameFields: Rule = ({ scoring }) => {
  if (scoring === "none") return [];
  const known = fieldsOf(scoring);
  return scoring.tracks.flatMap(({ requires }, track) =>
    requires.flatMap((field, index): Finding[] => {
      if (known.has(field)) return [];
      const suggestion = closest(field, known);
      return [
        {
          ...error(["scoring", "tracks", track, "requires", index], `${field} is not a field of a result`),
          ...(suggestion ? { suggestion } : {}),
          allowed: [...known],
        },
      ];
    }),
  );
};

/** Everything a result can carry as far as the configuration knows. */
function fieldsOf({ field, guardrails, columns, required }: Scoring): Set<string> {
  return new Set([field, ...guardrails.map((g) => g.field), ...columns.map((c) => c.field), ...required]);
}

const requiredMakesSense: Rule = ({ scoring }) => {
  if (scoring === "none") return [];
  const path = ["scoring", "required"];
  const findings: Finding[] = [];
  if (!scoring.required.includes("status")) {
    findings.push(
      warning(path, "status is not required, so no result will ever rank", "Add status to the list."),
    );
  }
  for (const { field } of scoring.guardrails) {
    if (!scoring.required.includes(field)) {
      findings.push(
        warning(
          path,
          `${field} is a guardrail but not required: a result without it cannot be judged`,
          `Add ${field} to the list.`,
        ),
      );
    }
  }
  return findings;
};

const noDuplicates: Rule = ({ scoring, board, exploration }) => {
  const score = scoring === "none" ? undefined : scoring;
  return [
    ...duplicates(
      ["board", "channels"],
      board.channels.map(({ id }) => id),
      "id",
    ),
    ...duplicates(
      ["exploration", "axes"],
      exploration.axes.map(({ id }) => id),
      "id",
    ),
    ...exploration.axes.flatMap(({ values }, axis) =>
      duplicates(["exploration", "axes", axis, "values"], values),
    ),
    ...duplicates(["scoring", "required"], score?.required ?? []),
    ...duplicates(["scoring", "columns"], score?.columns.map(({ field }) => field) ?? [], "field"),
    ...duplicates(["scoring", "tracks"], score?.tracks.map(({ id }) => id) ?? [], "id"),
  ];
};

/** Second and later occurrences. `key` is where the word stands inside each entry. */
function duplicates(path: Finding["path"], words: readonly string[], key?: string): Finding[] {
  return words.flatMap((word, index) =>
    words.indexOf(word) === index
      ? []
      : [error([...path, index, ...(key ? [key] : [])], `${word} is there twice`, "Remove or rename one.")],
  );
}

const RESOURCE_KEYS: Record<string, keyof ResourceNames> = {
  central_bucket: "centralBucket",
  audit_bucket: "auditBucket",
  backend_space: "backendSpace",
  dashboard_space: "dashboardSpace",
  eval_space: "evalSpace",
};

const namesFit: Rule = (collab) => {
  const names = resourceNames(collab);
  const findings: Finding[] = [];
  if (collab.collab.slug.includes("--")) {
    findings.push(error(["collab", "slug"], "the Hub does not take names with --", "Use single hyphens."));
  }
  const seen = new Map<string, string>();
  for (const [key, property] of Object.entries(RESOURCE_KEYS)) {
    const id = names[property];
    const [namespace = "", name = ""] = id.split("/");
    const path = ["resources", key];
    const kind = key.endsWith("_space") ? "space" : "bucket";
    const twin = seen.get(`${kind} ${id.toLowerCase()}`);
    if (twin)
      findings.push(error(path, `${id} is already the ${twin.replace("_", " ")}`, "Give each its own name."));
    seen.set(`${kind} ${id.toLowerCase()}`, key);
    if (name.length > MAX_NAME)
      findings.push(error(path, `${name} is longer than ${MAX_NAME} characters`, "Choose a shorter name."));
    if (
      /--|\.\.|\.git$|[-.]$/.test(name) &&
      collab.resources[key as keyof Collab["resources"]] !== undefined
    ) {
      findings.push(
        error(
          path,
          `the Hub does not take the name ${name}`,
          "No --, no .., no .git at the end, no - or . at the end.",
        ),
      );
    }
    if (namespace !== names.org && namespace !== names.adminOrg) {
      findings.push(
        warning(
          path,
          `${id} is neither in ${names.org} nor in ${names.adminOrg}`,
          "Check that the organisers' token can write there.",
        ),
      );
    }
  }
  return findings;
};

const privateThingsStayPrivate: Rule = (collab) => {
  const names = resourceNames(collab);
  const inChallengeOrg = (id: string) => id.split("/")[0]?.toLowerCase() === names.org.toLowerCase();
  const findings: Finding[] = [];
  if (names.adminOrg.toLowerCase() === names.org.toLowerCase()) {
    findings.push(
      warning(
        ["collab", "admin_org"],
        "is the challenge organisation itself: its members can read the audit bucket, with keys and private data",
        "Use a second organisation for the organisers.",
      ),
    );
    return findings;
  }
  for (const [key, id] of [
    ["audit_bucket", names.auditBucket],
    ["eval_space", names.evalSpace],
  ] as const) {
    if (inChallengeOrg(id)) {
      findings.push(
        warning(
          ["resources", key],
          `${id} is in the challenge organisation: every participant can read it`,
          `Put it in ${names.adminOrg}.`,
        ),
      );
    }
  }
  return findings;
};

const costsHaveALimit: Rule = ({ jobs }) =>
  jobs.enabled && jobs.budget_per_day === null && HARDWARE_PRICE_PER_HOUR[jobs.hardware] > 0.05
    ? [
        warning(
          ["jobs", "budget_per_day"],
          `there is no daily limit on what Jobs on ${jobs.hardware} may cost`,
          "Set an amount in US dollars.",
        ),
      ]
    : [];

/** Share of the limit that the unchanged baseline may take: machines differ, and a first change is rarely faster. */
const BASELINE_SHARE = 0.6;

const baselineFits: Rule = ({ jobs }) => {
  const { enabled, baseline_minutes: baseline, timeout_minutes: limit } = jobs;
  if (!enabled || baseline === null || baseline <= limit * BASELINE_SHARE) return [];
  const path = ["jobs", "baseline_minutes"];
  const fix = `Set jobs.timeout_minutes to ${Math.ceil(baseline / BASELINE_SHARE)} or more.`;
  return baseline > limit
    ? [
        error(
          path,
          `the baseline takes ${baseline} minutes and the limit is ${limit}: it can never finish`,
          fix,
        ),
      ]
    : [
        warning(
          path,
          `the baseline takes ${baseline} of ${limit} minutes: too little room to start from`,
          fix,
        ),
      ];
};

const RULES: readonly Rule[] = [
  namesFit,
  privateThingsStayPrivate,
  scoringFits,
  fieldsDiffer,
  requiredMakesSense,
  tracksNameFields,
  verificationFits,
  privateDataIsKept,
  costsHaveALimit,
  baselineFits,
  noDuplicates,
];
