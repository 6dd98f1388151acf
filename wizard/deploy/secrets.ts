/** Secrets of a Space cannot be read back: a fingerprint in a variable says which value is there. */
import { createHmac } from "node:crypto";

const FINGERPRINT_CHARS = 16;

/** Name of the variable that goes with a secret. */
export function fingerprintVariable(secret: string): string {
  return `${secret}_FINGERPRINT`;
}

/**
 * Tells two values apart and gives neither away: an HMAC keyed with the secret itself over its place, so
 * that the same token in two Spaces has two fingerprints. Variables of a public Space are public.
 */
export function fingerprint(spaceId: string, key: string, value: string): string {
  return createHmac("sha256", value)
    .update(`agent-collab ${spaceId} ${key}`)
    .digest("hex")
    .slice(0, FINGERPRINT_CHARS);
}
