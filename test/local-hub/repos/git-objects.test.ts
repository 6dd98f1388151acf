import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { blobOid, commitOid, folderOf } from "../../../wizard/local-hub/repos/git-objects.ts";

const FILES: Record<string, string> = {
  "README.md": "# Hi\n",
  "lib/a.txt": "a",
  "lib.txt": "sorts before the folder lib/",
  "lib-x/deep/er/ü.txt": "ümläut\n",
  empty: "",
};

test("blobs, trees and commits have the ids that git gives them", () => {
  const folder = mkdtempSync(join(tmpdir(), "git-objects-"));
  try {
    const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" };
    const who = { NAME: "ada", EMAIL: "ada@users.noreply.huggingface.co", DATE: "1700000000 +0000" };
    const people = Object.entries(who).flatMap(([key, value]) => [
      [`GIT_AUTHOR_${key}`, value],
      [`GIT_COMMITTER_${key}`, value],
    ]);
    const git = (...args: string[]) =>
      execFileSync("git", args, {
        cwd: folder,
        env: { ...env, ...Object.fromEntries(people) },
        encoding: "utf-8",
      });
    git("init", "-q");
    for (const [path, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    git("add", ".");
    git("commit", "-q", "-m", "title", "-m", "more");

    const tree = new Map(
      Object.entries(FILES).map(([path, text]) => {
        const content = Buffer.from(text);
        return [path, { oid: blobOid(content), size: content.length }];
      }),
    );
    const treeOid = folderOf(tree).oid;
    expect(treeOid).toBe(git("rev-parse", "HEAD^{tree}").trim());
    expect(tree.get("README.md")?.oid).toBe(git("rev-parse", "HEAD:README.md").trim());
    const facts = {
      treeOid,
      parent: null,
      author: "ada",
      date: 1_700_000_000_000,
      title: "title",
      description: "more",
    };
    expect(commitOid(facts)).toBe(git("rev-parse", "HEAD").trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
