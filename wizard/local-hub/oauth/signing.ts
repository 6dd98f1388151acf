/** The key that signs id tokens: RSA, one per data folder, made when it is first needed. */
import type { DatabaseSync } from "node:sqlite";

type Jwk = JsonWebKey & { kid: string };

const ALGORITHM = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } as const;
const KEY_ID = "local-1";

export interface Signer {
  /** The public half, as `jwks_uri` serves it. */
  jwks(): Promise<{ keys: Jwk[] }>;
  /** A JWT signed with RS256. */
  sign(claims: Record<string, unknown>): Promise<string>;
}

export function openSigner(db: DatabaseSync): Signer {
  db.exec(
    "CREATE TABLE IF NOT EXISTS oauth_keys (kid TEXT PRIMARY KEY, private_jwk TEXT NOT NULL) STRICT, WITHOUT ROWID",
  );
  let key: Promise<JsonWebKey> | undefined;
  const privateJwk = () => {
    key ??= loadOrMake(db);
    return key;
  };
  return {
    async jwks() {
      const { kty, n, e } = await privateJwk();
      return { keys: [{ kty, n, e, kid: KEY_ID, alg: "RS256", use: "sig" }] };
    },
    async sign(claims) {
      const signingKey = await crypto.subtle.importKey("jwk", await privateJwk(), ALGORITHM, false, ["sign"]);
      const signed = `${encode({ alg: "RS256", typ: "JWT", kid: KEY_ID })}.${encode(claims)}`;
      const signature = await crypto.subtle.sign(ALGORITHM, signingKey, Buffer.from(signed));
      return `${signed}.${Buffer.from(signature).toString("base64url")}`;
    },
  };
}

async function loadOrMake(db: DatabaseSync): Promise<JsonWebKey> {
  const read = db.prepare("SELECT private_jwk FROM oauth_keys WHERE kid = ?");
  const stored = read.get(KEY_ID) as { private_jwk: string } | undefined;
  if (stored) return JSON.parse(stored.private_jwk) as JsonWebKey;
  const pair = await crypto.subtle.generateKey(
    { ...ALGORITHM, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ["sign", "verify"],
  );
  const { kty, n, e, d, p, q, dp, dq, qi } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const jwk = { kty, n, e, d, p, q, dp, dq, qi };
  db.prepare("INSERT INTO oauth_keys VALUES (?, ?)").run(KEY_ID, JSON.stringify(jwk));
  return jwk;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
