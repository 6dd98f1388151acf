/** Signs what clients carry for us (tokens, data URLs), with a secret made once per data folder. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { DatabaseSync } from "node:sqlite";

export interface Signer {
  sign(text: string): string;
  isValid(text: string, signature: string): boolean;
}

export function openSigner(db: DatabaseSync): Signer {
  db.exec("CREATE TABLE IF NOT EXISTS xet_secret (secret BLOB NOT NULL) STRICT");
  const stored = db.prepare("SELECT secret FROM xet_secret").get() as { secret: Uint8Array } | undefined;
  const secret = stored?.secret ?? randomBytes(32);
  if (stored === undefined) db.prepare("INSERT INTO xet_secret (secret) VALUES (?)").run(secret);
  const sign = (text: string) => createHmac("sha256", secret).update(text).digest("base64url");
  return {
    sign,
    isValid(text, signature) {
      const [expected, given] = [Buffer.from(sign(text)), Buffer.from(signature)];
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  };
}
