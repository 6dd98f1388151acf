/** A Job whose image is a Space: the Space's files and environment, as its Dockerfile lays them out. */
import { join } from "node:path";
import type { Caller, HubContext } from "../context.ts";
import { badRequest, repoNotFound } from "../errors.ts";
import { findRepo, type Repo, readBlob, readTree } from "../repos/store.ts";
import { readDockerfile } from "../spaces/dockerfile.ts";
import { checkOut, copyInto, pathsUnder } from "../spaces/image-folder.ts";

export interface SpaceImage {
  cwd: string;
  env: Record<string, string>;
  /** Of the Dockerfile, for a Job that brings none. */
  command: string[];
  /** Text with absolute paths of the image turned into those on disk. */
  local(text: string): string;
}

/** Throws as the Hub does where `caller` may not read the Space, and 400 for one without a Dockerfile. */
export function requireSpaceImage(hub: HubContext, caller: Caller, id: string): Repo {
  const repo = findRepo(hub, "space", id);
  if (repo === null) throw repoNotFound(false);
  hub.accounts.requireRead(caller, repo);
  if (!readTree(hub, repo.oid, repo.head)?.has("Dockerfile")) {
    throw badRequest(`The Space ${id} has no Dockerfile, so a Job cannot run in it`);
  }
  return repo;
}

/** Writes the image's files under `folder`. */
export function layOutSpace(hub: HubContext, id: string, folder: string): SpaceImage {
  const repo = findRepo(hub, "space", id);
  const tree = repo === null ? null : readTree(hub, repo.oid, repo.head);
  const dockerfile = tree?.get("Dockerfile");
  if (tree == null || dockerfile === undefined) throw new Error(`the Space ${id} is gone`);
  const image = readDockerfile(Buffer.from(readBlob(hub, dockerfile.oid)).toString());
  const root = join(folder, "root");
  checkOut(hub, tree, join(folder, "checkout"));
  copyInto(root, join(folder, "checkout"), image);
  const local = (text: string) => pathsUnder(root, text);
  const { PATH: _path, HOME: _home, ...env } = image.env;
  return {
    cwd: join(root, image.workdir),
    env: Object.fromEntries(Object.entries(env).map(([key, value]) => [key, local(value)])),
    command: image.command,
    local,
  };
}
