/** Nothing that opens a door stays in a log. */

const TOKEN = /\bhf_[A-Za-z0-9_]{3,}/g;
/** Query parameters whose value is a credential: OAuth codes and secrets, signed data URLs, tokens. */
const SECRET_PARAMETER =
  /([?&](?:[a-z_-]*(?:token|secret|signature|sig|code|verifier|password|key)[a-z_-]*)=)[^&#]*/gi;

/** `text` with tokens and secret query parameters replaced by `***`. */
export function maskCredentials(text: string): string {
  return text.replace(SECRET_PARAMETER, "$1***").replace(TOKEN, "hf_***");
}
