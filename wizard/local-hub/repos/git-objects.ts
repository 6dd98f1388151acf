/** Object ids as git computes them, so that clients which compare ids find the ones they expect. */
import { createHash } from "node:crypto";

/** A file of a tree: what it holds and how long it is in bytes. */
export interface TreeFile {
  oid: string;
  size: number;
}

/** All files of a commit by path. */
export type FileTree = ReadonlyMap<string, TreeFile>;

function gitHash(kind: "blob" | "tree" | "commit", body: Uint8Array): string {
  return createHash("sha1").update(`${kind} ${body.length}\0`).update(body).digest("hex");
}

export const blobOid = (content: Uint8Array): string => gitHash("blob", content);

/** A folder: its own id, its files and the folders in it. */
export interface Folder {
  oid: string;
  files: Map<string, TreeFile>;
  folders: Map<string, Folder>;
}

/** The nested form of `tree`, with the id of every folder. */
export function folderOf(tree: FileTree): Folder {
  const root: Folder = { oid: "", files: new Map(), folders: new Map() };
  for (const [path, file] of tree) {
    const parts = path.split("/");
    const name = parts.pop() as string;
    let folder = root;
    for (const part of parts) {
      let next = folder.folders.get(part);
      if (next === undefined) {
        next = { oid: "", files: new Map(), folders: new Map() };
        folder.folders.set(part, next);
      }
      folder = next;
    }
    folder.files.set(name, file);
  }
  setOids(root);
  return root;
}

function setOids(folder: Folder): void {
  const entries: { sortKey: Buffer; head: string; oid: string }[] = [];
  for (const [name, child] of folder.folders) {
    setOids(child);
    entries.push({ sortKey: Buffer.from(`${name}/`), head: `40000 ${name}\0`, oid: child.oid });
  }
  for (const [name, file] of folder.files) {
    entries.push({ sortKey: Buffer.from(name), head: `100644 ${name}\0`, oid: file.oid });
  }
  entries.sort((a, b) => Buffer.compare(a.sortKey, b.sortKey));
  folder.oid = gitHash(
    "tree",
    Buffer.concat(entries.flatMap(({ head, oid }) => [Buffer.from(head), Buffer.from(oid, "hex")])),
  );
}

export interface CommitFacts {
  treeOid: string;
  parent: string | null;
  author: string;
  /** Milliseconds since the epoch. */
  date: number;
  title: string;
  description: string;
}

/** The id of a commit. The same facts give the same id. */
export function commitOid(facts: CommitFacts): string {
  const who = `${facts.author} <${facts.author}@users.noreply.huggingface.co> ${Math.floor(facts.date / 1000)} +0000`;
  const message = facts.description === "" ? facts.title : `${facts.title}\n\n${facts.description}`;
  const parent = facts.parent === null ? "" : `parent ${facts.parent}\n`;
  return gitHash(
    "commit",
    Buffer.from(`tree ${facts.treeOid}\n${parent}author ${who}\ncommitter ${who}\n\n${message}\n`),
  );
}
