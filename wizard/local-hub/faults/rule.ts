/** Fault rules: what is to go wrong, where, how often. */
import { z } from "zod";

/**
 * How a request goes wrong, each as the Hub's clients would see it:
 *  status             answered with `status` and not applied; 429 and 503 carry Retry-After
 *  delay              answered `delayMs` later than it would be
 *  reset              the connection is cut before anything is applied
 *  truncate           the answer's body breaks off after `afterBytes`
 *  lost               applied, but answered with `status` (500), or cut if `cut`
 *  batch_entry        applied but for the entries of a bucket's batch that match `entry`
 *  xet_token_expired  the CAS takes the token for expired: 401
 */
export const FAULT_KINDS = [
  "status",
  "delay",
  "reset",
  "truncate",
  "lost",
  "batch_entry",
  "xet_token_expired",
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

const glob = z.string().min(1).max(500);

export const faultRule = z.strictObject({
  kind: z.enum(FAULT_KINDS),
  method: z.enum(["*", "GET", "HEAD", "POST", "PUT", "DELETE"]).default("*"),
  /** `*` stands for anything but a slash, `**` for anything. Without it: every Hub request, or what the kind is about. */
  path: glob.optional(),
  /** Only requests with a token of this user. */
  user: z.string().optional(),
  /** Lets this many matching requests through first. */
  skip: z.int().min(0).default(0),
  /** Applies this often, then never again. Default: always. */
  count: z.int().min(1).optional(),
  /** Share of the matching requests. The sequence is the same at each run of a rule. */
  probability: z.number().gt(0).max(1).default(1),
  status: z.int().min(400).max(599).optional(),
  message: z.string().max(500).optional(),
  retryAfterSeconds: z.int().min(0).max(3_600).optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  afterBytes: z.int().min(0).optional(),
  cut: z.boolean().optional(),
  /** Path inside the bucket, for `batch_entry`. */
  entry: glob.default("**"),
});
export type FaultRule = z.infer<typeof faultRule>;

const DEFAULT_PATHS: Partial<Record<FaultKind, string>> = {
  batch_entry: "/api/buckets/*/*/batch",
  xet_token_expired: "/xet/**",
};

/** The paths that a rule is about. The hub's own routes under `/_emulator/` are never disturbed. */
export function pathPattern(rule: FaultRule): RegExp {
  return globPattern(rule.path ?? DEFAULT_PATHS[rule.kind] ?? "**");
}

/** `*` matches anything but a slash, `**` anything; all else stands for itself. */
export function globPattern(text: string): RegExp {
  const source = text
    .split(/(\*\*|\*)/)
    .map((part) =>
      part === "**" ? "[\\s\\S]*" : part === "*" ? "[^/]*" : part.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&"),
    )
    .join("");
  return new RegExp(`^${source}$`);
}
