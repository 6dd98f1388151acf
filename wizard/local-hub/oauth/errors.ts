import { HubHttpError } from "../errors.ts";

/** An error of the token, device and userinfo endpoints (RFC 6749 5.2): the code is what clients act on. */
export function oauthError(code: string, description: string, status = 400): HubHttpError {
  const headers: Record<string, string> = { "Cache-Control": "no-store" };
  if (status === 401) headers["WWW-Authenticate"] = code === "invalid_client" ? "Basic" : "Bearer";
  return new HubHttpError(status, description, {
    body: { error: code, error_description: description },
    headers,
  });
}
