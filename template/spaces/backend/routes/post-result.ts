/** `POST /v1/results` (api-v1.md 3.8): a file of the scratch bucket, or the numbers of a run. */
import { z } from "@hono/zod-openapi";
import { FIELD_PATTERN, selfReported } from "../../../schema/collab.ts";
import { parseDocument } from "../documents/frontmatter.ts";
import { buildResult } from "../documents/result.ts";
import { checkResult, RESULT_STATUSES } from "../documents/result-rules.ts";
import { mappingToJson, type YamlMapping } from "../documents/yaml-values.ts";
import { ApiError } from "../errors.ts";
import { breachOf } from "../ranking/guardrails.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { flag, nullableText } from "./fields.ts";
import { postRunResult } from "./post-run-result.ts";
import {
  type Posted,
  PostedSchema,
  requireAnnouncement,
  settled,
  withVerdictAndAnnouncement,
} from "./result-posting.ts";
import { ruleError, ValidationError } from "./validation.ts";
import { auditOf, commit, promotion, readDocumentSource, requireOpen, requirePromoter } from "./write.ts";

export const RESULTS_ROUTE = "/v1/results";
const MAX_FIELDS = 30;
const MAX_BASED_ON = 20;

const filenames = z.union([z.string().max(5_000), z.array(z.string().max(300)).max(MAX_BASED_ON)]);
const extraFields = z
  .record(z.string().regex(FIELD_PATTERN), z.union([z.string().max(2_000), z.number(), z.boolean()]))
  .refine((fields) => Object.keys(fields).length <= MAX_FIELDS, `at most ${MAX_FIELDS} fields`);

const ResultBody = z
  .object({
    source: nullableText(
      "hf://buckets/… of a Markdown file in your scratch bucket: a score that you report.",
    ),
    run_id: nullableText(
      "Instead of `source`: a run of yours that is over; the server fills in its numbers.",
    ),
    method: nullableText("With `run_id`: what it is called, in a few words."),
    description: nullableText("With `run_id`: what you did, in one line."),
    status: z
      .enum(RESULT_STATUSES)
      .nullish()
      .transform((status) => status ?? null)
      .openapi({
        type: ["string", "null"],
        description: "With `run_id`: agent-run (default), or negative for what did not work.",
      }),
    body: nullableText("With `run_id`: how to repeat it, in Markdown."),
    based_on: filenames
      .nullish()
      .transform((names) => names ?? null)
      .openapi({ description: "With `run_id`: filenames of the results and messages it builds on." }),
    fields: extraFields
      .nullish()
      .transform((fields) => fields ?? {})
      .openapi({ description: "With `run_id`: further frontmatter that this collab requires." }),
    agent_id: nullableText("With `run_id`: the agent whose run it is, for a check."),
    announce: flag(false, "Post it on the message board too, in the same step."),
    channel: nullableText("Of the announcement."),
  })
  .openapi("PostResult");

export type ResultRequest = RequestContext<unknown, z.output<typeof ResultBody>>;

export const postResult = defineRoute({
  method: "POST",
  path: RESULTS_ROUTE,
  params:
    "source | run_id + method + description; status, body, based_on, fields, agent_id, announce, channel",
  purpose:
    "Publish a result: of a run of yours (the server fills in the numbers), or as a file that reports them.",
  auth: "writer",
  body: ResultBody,
  status: 201,
  response: PostedSchema,
  async handler(context) {
    const { source, run_id: runId } = context.body;
    if (source === null && runId === null) {
      throw new ValidationError([
        { type: "missing", loc: ["body", "source"], msg: "Field required", input: {} },
      ]);
    }
    if (source !== null && runId !== null) {
      throw ruleError("pass exactly one of `source` and `run_id`", { source, run_id: runId });
    }
    requireOpen(context.backend);
    return {
      json: runId === null ? await fromSource(context, source ?? "") : await postRunResult(context, runId),
    };
  },
});

async function fromSource(context: ResultRequest, uri: string): Promise<Posted> {
  const { backend } = context;
  const source = await requirePromoter(context, uri);
  const file = await readDocumentSource(backend, source);
  const { frontmatter, body } = parseDocument(file.text, uri);
  checkResult(frontmatter, backend.collab.scoring);
  requireClaim(context, frontmatter);
  requireAnnouncement(context);
  const { scoring } = backend.collab;
  const isNegative = frontmatter.get("status") === "negative";
  const breach =
    scoring === "none" || isNegative
      ? null
      : breachOf(scoring.guardrails, mappingToJson(frontmatter), [], "claimed");
  const once = promotion("results", source, file.sha256);
  const posted = await commit(context, source.agentId, 201, (stamp, pending) => {
    once.requireNew(pending);
    const result = buildResult({ agentId: source.agentId, frontmatter, body }, stamp);
    const { changes, announcement } = withVerdictAndAnnouncement(
      context,
      { result, frontmatter, breach },
      stamp,
      pending,
    );
    const { filename, path } = result;
    return {
      changes,
      audit: auditOf(context, {
        agent_id: source.agentId,
        route: RESULTS_ROUTE,
        via: "bucket",
        source: uri,
        status_code: 201,
      }),
      promoted: once.as(filename),
      response: {
        filename,
        via: "bucket" as const,
        path,
        ...(breach === null
          ? {}
          : { verification: "invalid", reason_code: breach.reason_code, reason: breach.reason }),
        ...(announcement === null ? {} : { announcement }),
      },
    };
  });
  return settled(context, posted, breach);
}

/** 400 for a file that names a run, and where only runs give scores. A dead end needs no run. */
function requireClaim({ backend: { collab } }: ResultRequest, frontmatter: YamlMapping): void {
  if (collab.jobs.enabled && frontmatter.has("run_id")) {
    throw new ApiError("INVALID_FRONTMATTER", "A file cannot say which run its numbers come from.", {
      hint: 'Post the run itself: {"run_id": …, "method": …, "description": …}. The server fills in its numbers.',
    });
  }
  if (selfReported(collab) !== "refused" || frontmatter.get("status") === "negative") return;
  const hint = collab.jobs.enabled
    ? "Run it: POST /v1/jobs:run with your submission_prefix; when the run is over, POST /v1/results with its run_id, a method and a description. What did not work can be posted as a file with status: negative."
    : "Only the organisers' runs count here; ask them how yours is run. What did not work can be posted with status: negative.";
  throw new ApiError("INVALID_FRONTMATTER", "This collab takes no scores that were not measured by a run.", {
    hint,
  });
}
