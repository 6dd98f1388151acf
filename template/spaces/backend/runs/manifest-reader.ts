/** The manifest of a submission, read and checked against the schema that lies beside the harness. */
import type { Collab } from "../../../schema/collab.ts";
import { problemText } from "../../../schema/problem.ts";
import { hubUnavailable } from "../access/hub-unavailable.ts";
import { readSource, sourceText } from "../access/source.ts";
import type { Backend } from "../backend.ts";
import { ApiError } from "../errors.ts";
import { errorFields } from "../log.ts";
import { type ManifestSchema, manifestProblems, readManifestSchema } from "./manifest-check.ts";
import type { Submission } from "./submission.ts";

const MAX_BYTES = 256 * 1024;
/** Organisers change a harness rarely, and not while they wait for it. */
const KEPT_MS = 60_000;
const SHOWN_PROBLEMS = 5;

type ManifestConfig = NonNullable<Collab["jobs"]["manifest"]>;

export class ManifestReader {
  readonly #backend: Backend;
  #kept: { path: string; until: number; schema: ManifestSchema | null } | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Throws 400 INVALID_SUBMISSION with every fault and its line; nothing where the collab describes no manifest. */
  async check({ place, files }: Submission): Promise<void> {
    const { collab, hub } = this.#backend;
    const { manifest } = collab.jobs;
    if (manifest === undefined) return;
    const listed = files.find(({ path }) => path === manifest.file);
    if (listed === undefined) {
      throw new ApiError("INVALID_SUBMISSION", `The submission has no ${manifest.file}.`, {
        hint: `Put ${manifest.file} at the top of the folder that submission_prefix names.`,
      });
    }
    const schema = await this.#schema(manifest);
    if (schema === null) return;
    if (listed.size > MAX_BYTES) {
      throw new ApiError("INVALID_SUBMISSION", `${manifest.file} is larger than ${MAX_BYTES} bytes.`);
    }
    const source = { bucket: place.bucket, path: `${place.prefix}/${manifest.file}` };
    const text = sourceText(await readSource(hub, source, { maxBytes: MAX_BYTES }), source);
    const problems = manifestProblems(text, schema, manifest.file);
    if (problems.length === 0) return;
    const lines = problems.slice(0, SHOWN_PROBLEMS).map(problemText);
    const more = problems.length > SHOWN_PROBLEMS ? [`and ${problems.length - SHOWN_PROBLEMS} more`] : [];
    throw new ApiError("INVALID_SUBMISSION", [...lines, ...more].join("\n"), {
      hint: "Nothing was started and nothing is counted. Correct the manifest, upload it and send the run again.",
      problems,
    });
  }

  /** `null` where there is none that can be used: then the harness is the one to check. */
  async #schema({ schema: name }: ManifestConfig): Promise<ManifestSchema | null> {
    const { hub, names, collab, now, log } = this.#backend;
    const path = `${collab.jobs.harness.replace(/\/+$/, "")}/${name}`;
    if (this.#kept?.path === path && this.#kept.until > now()) return this.#kept.schema;
    let schema: ManifestSchema | null = null;
    try {
      const text = await hub.bucket(names.centralBucket).readText(path, { maxBytes: MAX_BYTES });
      if (text === null) log("warn", "the manifest's schema is not in the central bucket", { path });
      else schema = toSchema(text, path, log);
    } catch (error) {
      throw hubUnavailable(error, `give ${path}`);
    }
    this.#kept = { path, until: now() + KEPT_MS, schema };
    return schema;
  }
}

function toSchema(text: string, path: string, log: Backend["log"]): ManifestSchema | null {
  try {
    return readManifestSchema(text);
  } catch (error) {
    log("warn", "the manifest's schema cannot be used", { path, error: errorFields(error) });
    return null;
  }
}
