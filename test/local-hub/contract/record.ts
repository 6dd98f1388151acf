/**
 * Records what the Hub says about its own answers: the schemas of the operations that the local hub serves, from
 * the Hub's OpenAPI document, without its texts. Run by hand, with the network:
 *
 *   node test/local-hub/contract/record.ts            writes hub-openapi.json anew
 *   node test/local-hub/contract/record.ts --check    says whether it would change, exit code 1 if so
 *
 * A file name in place of the network reads a copy of the document; `--date` says of which day it is.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

export const FIXTURE = join(import.meta.dirname, "hub-openapi.json");
const SOURCE = "https://huggingface.co/.well-known/openapi.json";

/** `METHOD path status`, as the document writes them. */
const OPERATIONS = [
  "GET /api/whoami-v2 200",
  "GET /api/organizations/{name}/members 200",
  "GET /api/buckets/{namespace} 200",
  "GET /api/buckets/{namespace}/{repo} 200",
  "POST /api/buckets/{namespace}/{repo} 200",
  "POST /api/buckets/{namespace}/{repo} 409",
  "PUT /api/buckets/{namespace}/{repo}/settings 200",
  "GET /api/buckets/{namespace}/{repo}/tree/{path} 200",
  "POST /api/buckets/{namespace}/{repo}/paths-info 200",
  "POST /api/buckets/{namespace}/{repo}/batch 200",
  "POST /api/buckets/{namespace}/{repo}/batch 422",
  "GET /api/buckets/{namespace}/{repo}/xet-read-token 200",
  "GET /api/buckets/{namespace}/{repo}/xet-write-token 200",
  "GET /api/spaces/hardware 200",
  "GET /api/spaces/{namespace}/{repo}/commits/{rev} 200",
  "GET /api/spaces/{namespace}/{repo}/refs 200",
  "GET /api/spaces/{namespace}/{repo}/tree/{rev}/{path} 200",
  "GET /api/spaces/{namespace}/{repo}/secrets 200",
  "GET /api/spaces/{namespace}/{repo}/variables 200",
  "POST /api/spaces/{namespace}/{repo}/paths-info/{rev} 200",
  "POST /api/spaces/{namespace}/{repo}/preupload/{rev} 200",
  "POST /api/spaces/{namespace}/{repo}/commit/{rev} 200",
  "POST /api/repos/create 200",
  "GET /api/jobs/hardware 200",
  "GET /api/jobs/{namespace} 200",
  "GET /api/jobs/{namespace}/count 200",
  "GET /api/jobs/{namespace}/{jobId} 200",
  "POST /api/jobs/{namespace} 200",
  "POST /api/jobs/{namespace}/{jobId}/cancel 200",
  "PUT /api/jobs/{namespace}/{jobId}/labels 200",
  "GET /oauth/userinfo 200",
  "POST /oauth/device 200",
] as const;

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
interface OpenApi {
  paths: Record<
    string,
    Record<string, { responses?: Record<string, { content?: Record<string, { schema?: Json }> }> }>
  >;
}

export interface Contract {
  source: string;
  /** The day the document was read, YYYY-MM-DD. */
  recorded: string;
  schemas: Record<string, Json>;
  /** Operation to the name of its schema; several share one. */
  operations: Record<string, string>;
}

/** Words for people, which change without any answer changing. */
const TEXTS: ReadonlySet<string> = new Set([
  "description",
  "example",
  "examples",
  "title",
  "summary",
  "$schema",
]);

export function recordContract(document: OpenApi, recorded: string): Contract {
  const names = new Map<string, string>();
  const contract: Contract = { source: SOURCE, recorded, schemas: {}, operations: {} };
  for (const operation of OPERATIONS) {
    const [method = "", path = "", status = ""] = operation.split(" ");
    const schema =
      document.paths[path]?.[method.toLowerCase()]?.responses?.[status]?.content?.["application/json"]
        ?.schema;
    if (schema === undefined) continue;
    const bare = withoutTexts(schema, false);
    const key = JSON.stringify(bare);
    const name = names.get(key) ?? operation;
    names.set(key, name);
    contract.schemas[name] = bare;
    contract.operations[operation] = name;
  }
  return contract;
}

/** `isProperties`: the keys are names of fields, one of which may be called `description`. */
function withoutTexts(value: Json, isProperties: boolean): Json {
  if (Array.isArray(value)) return value.map((item) => withoutTexts(item, false));
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).filter(([key]) => isProperties || !TEXTS.has(key));
  return Object.fromEntries(
    kept.map(([key, item]) => [key, withoutTexts(item, key === "properties" && !isProperties)]),
  );
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { check: { type: "boolean" }, date: { type: "string" } },
  });
  const [file] = positionals;
  const text = file === undefined ? await (await fetch(SOURCE)).text() : await readFile(file, "utf8");
  const contract = recordContract(
    JSON.parse(text) as OpenApi,
    values.date ?? new Date().toISOString().slice(0, 10),
  );
  if (values.check) {
    const stored = JSON.parse(await readFile(FIXTURE, "utf8")) as Contract;
    const changed = Object.keys(contract.operations).filter(
      (operation) => schemaText(contract, operation) !== schemaText(stored, operation),
    );
    process.stdout.write(
      changed.length === 0 ? `As of ${stored.recorded}.\n` : `Changed:\n${changed.join("\n")}\n`,
    );
    process.exitCode = changed.length === 0 ? 0 : 1;
    return;
  }
  await writeFile(FIXTURE, `${JSON.stringify(contract, null, 2)}\n`);
}

function schemaText({ operations, schemas }: Contract, operation: string): string {
  return JSON.stringify(schemas[operations[operation] ?? ""] ?? null);
}

if (import.meta.main) await main();
