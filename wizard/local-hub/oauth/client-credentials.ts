/** Who an app says it is: by HTTP Basic (RFC 6749 2.3.1), or by fields of the form. */
export function clientCredentials(
  authorization: string | undefined,
  field: (name: string) => string | null,
): { clientId: string | null; secret: string | null } {
  const basic = /^Basic +([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? "");
  if (!basic) return { clientId: field("client_id"), secret: field("client_secret") };
  const text = Buffer.from(basic[1] ?? "", "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 0) return { clientId: null, secret: null };
  return { clientId: formDecode(text.slice(0, colon)), secret: formDecode(text.slice(colon + 1)) };
}

function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
