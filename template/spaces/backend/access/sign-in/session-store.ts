/**
 * Sessions, one small file each in the audit bucket, named by the hash of its token: they outlive a restart,
 * cost nothing at the start, and a deleted file is a session that is over. Kept in memory once they are known.
 */
import { z } from "zod";
import type { HubBucket } from "../../../../hub/types.ts";
import { BoundedMap } from "../bounded-map.ts";
import { hubUnavailable } from "../hub-unavailable.ts";

const FOLDER = "sessions";
const MAX_KNOWN = 20_000;
const MAX_FILE_BYTES = 4096;
/** How long "there is no such session" holds; ids come from hashes, so nobody can guess one into existence. */
const UNKNOWN_MS = 10_000;

const Stored = z.object({
  sub: z.string(),
  user: z.string(),
  member_id: z.string().nullable(),
  created_at: z.iso.datetime(),
  expires_at: z.iso.datetime(),
});

export interface Session {
  /** The user's id on the Hub, which a renaming does not change. */
  sub: string;
  user: string;
  /** The same user as the organisation's list of members names it, where it does. */
  memberId: string | null;
  /** Milliseconds. */
  expiresAt: number;
}

export class SessionStore {
  readonly #bucket: HubBucket;
  readonly #now: () => number;
  readonly #known = new BoundedMap<string, { session: Session | null; until: number }>(MAX_KNOWN);

  constructor(bucket: HubBucket, now: () => number) {
    this.#bucket = bucket;
    this.#now = now;
  }

  /** Durable when it resolves. Throws 503. */
  async put(id: string, session: Session): Promise<void> {
    const stored: z.infer<typeof Stored> = {
      sub: session.sub,
      user: session.user,
      member_id: session.memberId,
      created_at: new Date(this.#now()).toISOString(),
      expires_at: new Date(session.expiresAt).toISOString(),
    };
    const file = {
      path: pathOf(id),
      content: `${JSON.stringify(stored)}\n`,
      contentType: "application/json",
    };
    await this.#bucket.write([file]).catch((error: unknown) => {
      throw hubUnavailable(error, "keep the session");
    });
    this.#known.set(id, { session, until: session.expiresAt });
  }

  /** Already in memory, so finding it asks nobody. */
  knows(id: string): boolean {
    const known = this.#known.get(id);
    return known !== undefined && known.until > this.#now();
  }

  /** `null`: there is none, or it is over. Throws 503. */
  async get(id: string): Promise<Session | null> {
    const known = this.#known.get(id);
    if (known && known.until > this.#now()) return known.session;
    const session = known?.session ? null : await this.#read(id);
    const isOver = session === null || session.expiresAt <= this.#now();
    if (isOver) this.#known.set(id, { session: null, until: this.#now() + UNKNOWN_MS });
    else this.#known.set(id, { session, until: session.expiresAt });
    return isOver ? null : session;
  }

  /** Over for good when it resolves; of an unknown one too. Throws 503, then it is over in this process only. */
  async delete(id: string): Promise<void> {
    this.#known.set(id, { session: null, until: Number.POSITIVE_INFINITY });
    await this.#bucket.publish({ deletes: [pathOf(id)] }).catch((error: unknown) => {
      throw hubUnavailable(error, "forget the session");
    });
  }

  /** Deletes the files of sessions uploaded more than `lifeMs` ago. Returns how many. */
  async sweep(lifeMs: number): Promise<number> {
    const before = this.#now() - lifeMs;
    const over: string[] = [];
    for await (const { path, uploadedAt } of this.#bucket.list(FOLDER)) {
      if (uploadedAt !== null && Date.parse(uploadedAt) < before) over.push(path);
    }
    if (over.length > 0) await this.#bucket.publish({ deletes: over });
    return over.length;
  }

  async #read(id: string): Promise<Session | null> {
    const text = await this.#bucket
      .readText(pathOf(id), { maxBytes: MAX_FILE_BYTES })
      .catch((error: unknown) => {
        throw hubUnavailable(error, "be asked about the session");
      });
    if (text === null) return null;
    const parsed = Stored.safeParse(jsonOf(text));
    if (!parsed.success) return null;
    const { sub, user, member_id: memberId, expires_at } = parsed.data;
    return { sub, user, memberId, expiresAt: Date.parse(expires_at) };
  }
}

const pathOf = (id: string) => `${FOLDER}/${id}.json`;

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
