/** Everything that is committed to the backend Space. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import Handlebars from "handlebars";
import type { Collab } from "../../../template/schema/collab.ts";
import { spaceBundle, spaceFolder } from "./bundle.ts";

export interface SpaceFile {
  path: string;
  content: Uint8Array;
}

export interface SpaceFiles {
  files: SpaceFile[];
  /** Changes with any of the files; the Space's health route answers it. */
  version: string;
}

/** The path of the file that tells a Space which deployment it is. */
export const DEPLOYMENT_FILE = "deployment.json";

export async function backendFiles(collab: Collab, collabYaml: string): Promise<SpaceFiles> {
  const folder = spaceFolder("backend");
  const [dockerfile, readme, server] = await Promise.all([
    readFile(join(folder, "Dockerfile")),
    readFile(join(folder, "README.md.hbs"), "utf8"),
    spaceBundle("backend"),
  ]);
  return withVersion(collab.collab.slug, [
    { path: "Dockerfile", content: dockerfile },
    { path: "README.md", content: Buffer.from(renderReadme(readme, collab)) },
    { path: "collab.yaml", content: Buffer.from(collabYaml) },
    { path: "server.js", content: server },
  ]);
}

/** Values go through JSON, which is YAML too: a title may hold quotes, colons and line breaks. */
function renderReadme(template: string, { collab }: Collab): string {
  const render = Handlebars.compile(template, { noEscape: true, strict: true });
  const title = `${collab.title.replace(/\s+/g, " ")} backend`;
  return render({
    titleYaml: JSON.stringify(title),
    title,
    slug: collab.slug,
    org: collab.org,
  });
}

/** Adds `deployment.json`, whose version is a hash of all other files: same files, same version. */
function withVersion(slug: string, files: SpaceFile[]): SpaceFiles {
  const hash = createHash("sha256");
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path, content } of sorted) {
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  const version = hash.digest("hex").slice(0, 12);
  const deployment = `${JSON.stringify({ slug, version }, null, 2)}\n`;
  return { files: [...sorted, { path: DEPLOYMENT_FILE, content: Buffer.from(deployment) }], version };
}
