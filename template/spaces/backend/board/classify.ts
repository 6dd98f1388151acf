/** What a path of the central bucket is (api-v1.md 1.5). Folders are matched by whole component. */

export type PathKind =
  | { kind: "registration"; id: string }
  | { kind: "message"; filename: string }
  | { kind: "inbox"; handle: string; filename: string }
  | { kind: "broadcast"; filename: string }
  | { kind: "result"; filename: string }
  | { kind: "verification" }
  | { kind: "run"; id: string }
  | { kind: "verdict"; filename: string }
  | { kind: "taskforce-readme"; name: string }
  | { kind: "note"; name: string; filename: string }
  | { kind: "trace"; agent: string; session: string }
  /** A file that is listed by name only: of a taskforce, a trace, an artifact set, a shared resource. */
  | { kind: "file" }
  /** Nothing the board shows: README.md, leaderboard/, clients/, … */
  | { kind: "other" };

export const VERIFICATION_INDEX = "results/verification_status.json";

const FILE_FOLDERS = new Set(["taskforces", "traces", "artifacts", "shared_resources"]);
const isReadme = (leaf: string) => leaf.toLowerCase() === "readme.md";

export function classify(path: string): PathKind {
  if (path === VERIFICATION_INDEX) return { kind: "verification" };
  const parts = path.split("/");
  const folder = parts[0] ?? "";
  const leaf = parts[parts.length - 1] ?? "";
  const second = parts[1] ?? "";
  const isDocument = leaf.endsWith(".md") && !isReadme(leaf);

  if (folder === "taskforces" && parts.length >= 3) {
    if (parts.length === 3 && leaf === "README.md") return { kind: "taskforce-readme", name: second };
    return isDocument ? { kind: "note", name: second, filename: leaf } : { kind: "file" };
  }
  if (folder === "traces" && parts.length === 4 && leaf === "manifest.md") {
    return { kind: "trace", agent: second, session: parts[2] ?? "" };
  }
  if (FILE_FOLDERS.has(folder) && parts.length >= 3) return { kind: "file" };
  if (folder === "shared_resources" && parts.length === 2) return { kind: "file" };
  if (parts.length === 2 && leaf.endsWith(".json")) {
    const stem = leaf.slice(0, -".json".length);
    if (folder === "runs") return { kind: "run", id: stem };
    if (folder === "verdicts") return { kind: "verdict", filename: `${stem}.md` };
  }
  if (!isDocument) return { kind: "other" };

  if (parts.length === 2) {
    if (folder === "agents") return { kind: "registration", id: leaf.slice(0, -".md".length) };
    if (folder === "message_board") return { kind: "message", filename: leaf };
    if (folder === "results") return { kind: "result", filename: leaf };
    if (folder === "broadcasts") return { kind: "broadcast", filename: leaf };
  }
  if (folder === "inbox" && parts.length === 3) return { kind: "inbox", handle: second, filename: leaf };
  return { kind: "other" };
}

/** Name of the list (`lists.name`) a document belongs to; `null` for what is no document. */
export function listOf(path: PathKind): string | null {
  switch (path.kind) {
    case "registration":
      return "agents";
    case "message":
      return "messages";
    case "inbox":
      return inboxList(path.handle);
    case "broadcast":
      return "broadcasts";
    case "result":
      return "results";
    case "taskforce-readme":
      return "taskforces";
    case "note":
      return notesList(path.name);
    case "trace":
      return "traces";
    default:
      return null;
  }
}

export const inboxList = (handle: string) => `inbox/${handle}`;
export const notesList = (taskforce: string) => `notes/${taskforce}`;
