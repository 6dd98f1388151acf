/** Names that are never uploaded, whatever folder they are in. */

const CACHES: readonly RegExp[] = [/^(__pycache__|node_modules)$/, /\.py[co]$/];

const SECRETS: readonly RegExp[] = [
  /\.env$/i,
  /^\.env\./i,
  /\.(pem|key|p12|pfx|jks|keystore)$/i,
  /^(id_(rsa|dsa|ecdsa|ed25519)|credentials?|secrets?|token|passwords?)(\.(json|ya?ml|toml|ini|cfg|txt))?$/i,
];

/** What a program makes again by itself. */
export const isCache = (name: string): boolean => CACHES.some((rule) => rule.test(name));

/** What usually holds a secret, by its name. */
export const holdsSecrets = (name: string): boolean => SECRETS.some((rule) => rule.test(name));

export const isHidden = (name: string): boolean => name.startsWith(".");
