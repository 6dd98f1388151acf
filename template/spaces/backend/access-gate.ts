/** Reading a collab whose central bucket is private takes what reading the bucket takes: membership. */
import type { HubBucket } from "../../hub/types.ts";
import type { Access, Requester } from "./access/access.ts";
import { ApiError } from "./errors.ts";
import { errorFields, type Log } from "./log.ts";

const AGAIN_MS = 2_000;

/** Asks until the Hub answers: a guess would either lock everybody out or let everybody in. */
export async function isBucketPrivate(bucket: HubBucket, signal: AbortSignal, log: Log): Promise<boolean> {
  while (!signal.aborted) {
    try {
      return (await bucket.info())?.private ?? false;
    } catch (error) {
      log("warn", "the central bucket cannot be asked for", { error: errorFields(error) });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, AGAIN_MS);
        timer.unref();
        signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }
  return true;
}

/** Throws 401, 403 or 503 for whoever may not read a private collab. */
export async function requireMemberToRead(access: Access, requester: Requester, org: string): Promise<void> {
  if (requester.token === null) {
    throw new ApiError("UNAUTHORIZED", "This collab is private: reading it needs your Hugging Face token.", {
      hint: "Send it as the header Authorization: Bearer $HF_TOKEN",
    });
  }
  const reader = await access.human(requester);
  if (access.isMember(reader)) return;
  throw new ApiError(
    "IDENTITY_MISMATCH",
    `This collab is private, and ${reader.name} is not a member of ${org}.`,
  );
}
