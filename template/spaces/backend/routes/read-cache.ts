/** Answers kept until the board changes: a storm of pollers costs no queries. */

export interface KeptAnswer {
  etag: string;
  contentType: string;
  body: Buffer;
  /** For the metrics. */
  route: string;
}

/** By what an answer is kept: path and query, and whether it is Markdown. Neither host nor credentials matter. */
export function cacheKey(pathAndQuery: string, asMarkdown: boolean): string {
  return asMarkdown ? `md ${pathAndQuery}` : pathAndQuery;
}

/** Markdown was asked for by name, and before JSON. */
export function wantsMarkdown(accept: string | undefined): boolean {
  if (!accept?.includes("text/markdown")) return false;
  const json = accept.indexOf("application/json");
  return json === -1 || accept.indexOf("text/markdown") < json;
}

const MAX_BYTES = 32 * 1024 * 1024;
/** A larger answer is not worth its place. */
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;

export class ReadCache {
  #version = -1;
  #bytes = 0;
  readonly #answers = new Map<string, KeptAnswer>();

  get(key: string, version: number): KeptAnswer | undefined {
    return version === this.#version ? this.#answers.get(key) : undefined;
  }

  set(key: string, version: number, answer: KeptAnswer): void {
    // A search may take so long that the board has changed meanwhile.
    if (version < this.#version) return;
    if (version !== this.#version) {
      this.#answers.clear();
      this.#bytes = 0;
      this.#version = version;
    }
    const bytes = answer.body.byteLength + 2 * key.length;
    if (bytes > MAX_ANSWER_BYTES) return;
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#answers.clear();
      this.#bytes = 0;
    }
    this.#answers.set(key, answer);
    this.#bytes += bytes;
  }
}

/** True if one of the tags of `If-None-Match` is this one; weak comparison. */
export function matchesEtag(header: string | undefined | null, etag: string): boolean {
  if (!header) return false;
  if (header.trim() === "*") return true;
  const bare = (tag: string) => tag.trim().replace(/^W\//, "");
  return header.split(",").some((tag) => bare(tag) === bare(etag));
}
