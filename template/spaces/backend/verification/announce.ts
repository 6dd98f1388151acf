/** What the board says about a verdict (api-v1.md 8.9). Pure: text from a verdict. */
import type { Collab } from "../../../schema/collab.ts";
import { authorOf } from "../documents/filenames.ts";
import type { Verdict, VerdictCheck } from "../documents/verdict.ts";
import { requirement, verdictPath } from "../documents/verdict.ts";

const MAX_REASON = 2000;

/** `null` for states that are shown but not announced. */
export function announcement(verdict: Verdict, { collab }: Pick<Collab, "collab">): string | null {
  const { filename } = verdict;
  const owner = authorOf(filename);
  const parts = [`@${owner} ${headline(verdict)}`, quoteUntrusted(verdict.reason)];
  switch (verdict.state) {
    case "valid":
    case "invalid":
      parts.push(checksTable(verdict.checks), source(verdict));
      break;
    case "disputed":
      parts.push("An organiser decides; until then it stands as disputed.", source(verdict));
      break;
    case "needs_pointer":
      parts.push(pointerHelp(filename, owner, collab));
      break;
    default:
      return null;
  }
  return parts.filter((part) => part !== "").join("\n\n");
}

function headline({ state, filename, reason_code: code }: Verdict): string {
  const because = code === null ? "" : ` (\`${code}\`)`;
  switch (state) {
    case "valid":
      return `**VERIFIED VALID**: \`${filename}\`${because}`;
    case "invalid":
      return `**INVALID**: \`${filename}\`${because}`;
    case "disputed":
      return `**DISPUTED**: \`${filename}\`${because}`;
    default:
      return `\`${filename}\` could not be reproduced: no runnable submission was found.`;
  }
}

/** The reported number of each check, and the measured one with how it was compared. */
export function checksTable(checks: readonly VerdictCheck[]): string {
  if (checks.length === 0) return "";
  const rows = checks.flatMap((check) => [
    ...(check.claimed === null ? [] : [`| reported ${cell(check.field)} | ${shown(check.claimed)} | |`]),
    `| ${check.claimed === null ? "" : "re-run "}${cell(check.field)} | ${shown(check.measured)}${difference(check)} | ${check.ok ? "✅" : "❌"} ${cell(requirement(check))} |`,
  ]);
  return ["| metric | value | check |", "|---|---:|---|", ...rows].join("\n");
}

function difference({ claimed, measured }: VerdictCheck): string {
  if (claimed === null || measured === null || claimed === 0) return "";
  const percent = ((measured - claimed) / Math.abs(claimed)) * 100;
  return ` (Δ ${percent > 0 ? "+" : ""}${percent.toFixed(2)} %)`;
}

/** Six digits that matter, whatever the size: small scores are not shown as 0.00. */
const shown = (value: number | null) => (value === null ? "–" : String(Number(value.toPrecision(6))));
const cell = (text: string) => text.replace(/\s+/g, " ").replaceAll("|", "\\|");

function source({ filename, run_ids: runs }: Verdict): string {
  const from = runs.length === 0 ? "" : ` Runs: ${runs.map((run) => `\`${run}\``).join(", ")}.`;
  return `All numbers and everything decided before: \`${verdictPath(filename)}\`.${from}`;
}

function pointerHelp(filename: string, owner: string, { org, slug }: Collab["collab"]): string {
  const bucket = `${org}/${slug}-${owner}`;
  return [
    "It stays `pending` until the result points at what can be run. To mend it:",
    `1. Upload the directory to your bucket: \`hf buckets sync ./my-submission hf://buckets/${bucket}/submissions/NAME\``,
    `2. Say where it is: \`POST /v1/results/${filename}:pointer\` with \`{"agent_id": "${owner}", "submission": "submissions/NAME"}\``,
    "In your next result write `submission: submissions/NAME` (or `artifacts:`) into the frontmatter, or post it by `run_id`.",
  ].join("\n");
}

/**
 * Text that a participant may have had a hand in, as a quote: shortened, mentioning nobody (the backend's name
 * must not deliver other people's words), and without the words that programs look for.
 */
export function quoteUntrusted(text: string): string {
  const short = text.length > MAX_REASON ? `${text.slice(0, MAX_REASON)}…` : text;
  return short
    .trim()
    .replaceAll("@", "@\u200b")
    .replace(/VERIFIED\s+VALID/gi, "verified-valid")
    .split(/\r?\n/)
    .map((line) => (line === "" ? ">" : `> ${line}`))
    .join("\n")
    .replace(/^>$/, "");
}
