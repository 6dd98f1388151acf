/** Where real mounts cannot be had: mount paths in the command and the environment become those on disk. */
import type { Mount } from "./mount-script.ts";

/** Returns `text` with every whole mount path (`/state`, `/state/x`, but not `/stateful`) replaced. */
export function rewritePaths(text: string, mounts: readonly Mount[]): string {
  const byLength = [...mounts].sort((a, b) => b.mountPath.length - a.mountPath.length);
  if (byLength.length === 0) return text;
  const paths = byLength.map(({ mountPath }) => mountPath.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\w.@/-])(${paths.join("|")})(?![\\w.@-])`, "g");
  return text.replace(
    pattern,
    (path) => byLength.find(({ mountPath }) => mountPath === path)?.folder ?? path,
  );
}
