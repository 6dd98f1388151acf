/** The token of an Authorization header (api-v1.md 1.10), or `null`. */
export function bearerToken(header: string | null | undefined): string | null {
  const match = /^\s*(\S+)\s+([\s\S]*)$/.exec(header ?? "");
  if (match?.[1]?.toLowerCase() !== "bearer") return null;
  return match[2]?.trim() || null;
}
