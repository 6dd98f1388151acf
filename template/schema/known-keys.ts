/** Which keys the schema knows at a place of `collab.yaml`. */
import { z } from "zod";
import { CollabSchema } from "./collab.ts";
import type { PathSegments } from "./problem.ts";

/** The part of a JSON Schema that says what may stand where. */
interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  const?: unknown;
}

let root: SchemaNode | undefined;

/** The schema of `collab.yaml` as JSON Schema: for editors, and for finding known keys. */
export function collabJsonSchema(): object {
  return z.toJSONSchema(CollabSchema, { io: "input", unrepresentable: "any" });
}

/** Keys allowed in the mapping at `path`; `value` is that mapping and picks the branch of a union (`mode: jobs`). */
export function knownKeys(path: PathSegments, value: unknown): string[] {
  root ??= collabJsonSchema() as SchemaNode;
  let nodes: SchemaNode[] = branches(root);
  for (const segment of path) {
    nodes = nodes
      .map((node) => (typeof segment === "number" ? node.items : node.properties?.[segment]))
      .filter((node) => node !== undefined)
      .flatMap(branches);
  }
  const mode = (value as { mode?: unknown } | null)?.mode;
  const chosen = nodes.filter((node) => node.properties?.mode?.const === mode);
  const pool = mode !== undefined && chosen.length > 0 ? chosen : nodes;
  return [...new Set(pool.flatMap((node) => Object.keys(node.properties ?? {})))];
}

function branches(node: SchemaNode): SchemaNode[] {
  return [...(node.anyOf ?? []), ...(node.oneOf ?? [])].flatMap(branches).concat(node);
}
