/** Tokens of the Hub (also of a local hub), wherever they turn up: in a URL, a header, a message, a file. */
const TOKENS = /\bhf_(?:local_[A-Za-z0-9_-]+|(?:oauth_|jwt_)?[A-Za-z0-9.-]{16,})/g;

/** Replaces everything that looks like a token, so that it can be shown or logged. */
export function maskSecrets(text: string): string {
  return text.replace(TOKENS, "hf_***");
}

/** Where the first thing that looks like a token starts, or -1. */
export function findSecret(text: string): number {
  return text.search(TOKENS);
}
