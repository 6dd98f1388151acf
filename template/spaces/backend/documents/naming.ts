/** Who is called what: agent ids, human handles, the ids a collab keeps for itself, authors of filenames. */
import { createHash } from "node:crypto";
import { type Collab, ID_PATTERN, resourceNames } from "../../../schema/collab.ts";
import { ApiError } from "../errors.ts";

const HUMAN_PREFIX = "human-";

/** The id itself, or 400 INVALID_PATH. `what` names the thing: "agent id", "taskforce name", "dest_slug". */
export function requireId(id: string, what = "agent id"): string {
  if (/[A-Z]/.test(id)) {
    throw new ApiError("INVALID_PATH", `The ${what} ${quoted(id)} has uppercase letters.`, {
      hint: `Use lowercase: ${id.toLowerCase()}`,
    });
  }
  return requireSlug(id, what);
}

/** As `requireId`, without the advice on uppercase. */
export function requireSlug(id: string, what: string): string {
  if (isId(id)) return id;
  throw new ApiError(
    "INVALID_PATH",
    `The ${what} ${quoted(id)} is not valid: 1 to 40 characters of a-z, 0-9 and '-', with a letter or digit at both ends.`,
  );
}

export function isId(id: string): boolean {
  return ID_PATTERN.test(id) && !id.endsWith("\n");
}

/** `human-x`, but not bare `human` or `human-`. Says nothing about the form of what follows. */
export function isHumanHandle(id: string): boolean {
  return id.startsWith(HUMAN_PREFIX) && id.length > HUMAN_PREFIX.length;
}

/**
 * The handle of a Hugging Face user: `human-` + the lowercased name, wherever that is a valid id. A name with
 * `_`, `.` or `--`, or a very long one, becomes `human-{its letters and digits, others as '-'}--{10 hex}`, the
 * hex being the start of the SHA-256 of the lowercased name. A plain name never holds `--`, so no name can
 * take the handle of another.
 */
export function humanHandle(username: string): string {
  const name = username.toLowerCase();
  const plain = `${HUMAN_PREFIX}${name}`;
  if (isId(plain) && !name.startsWith("-") && !name.includes("--")) return plain;
  const slug = name
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 20)
    .replace(/^-+|-+$/g, "");
  const digest = createHash("sha256").update(name).digest("hex").slice(0, 10);
  return `${HUMAN_PREFIX}${slug}${slug === "" ? "" : "--"}${digest}`;
}

/**
 * Ids nobody can register: those that would name a bucket or Space of the collab itself, and the name that
 * verdicts are announced under.
 */
export function reservedIds(
  config: Pick<Collab, "collab" | "resources" | "verification">,
): ReadonlySet<string> {
  const names = resourceNames(config);
  const prefix = `${config.collab.slug}-`;
  const own = [
    names.centralBucket,
    names.auditBucket,
    names.backendSpace,
    names.dashboardSpace,
    names.evalSpace,
  ].map((id) => id.slice(id.indexOf("/") + 1));
  const reserved = new Set(["human", "main-bucket", "audit", "backend", "dashboard", "eval", "verifier"]);
  for (const name of own) if (name.startsWith(prefix)) reserved.add(name.slice(prefix.length));
  if (config.verification.mode === "jobs") reserved.add(config.verification.agent);
  return reserved;
}

/** 400 INVALID_PATH for an id that cannot be registered: humans' names and `reservedIds`. */
export function requireUnreserved(id: string, reserved: ReadonlySet<string>): void {
  if (!reserved.has(id) && !id.startsWith(HUMAN_PREFIX)) return;
  throw new ApiError("INVALID_PATH", `The agent id ${quoted(id)} is reserved. Choose another one.`);
}

/** For messages: shortened, with control characters visible. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
