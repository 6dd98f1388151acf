/** Where a new collab can begin. */
export type Start = { kind: "recommended" } | { kind: "custom" } | { kind: "example"; name: string };

export const DEFAULT_DIRECTORY = "my-collab";

/** `recommended`, `custom`, or the name of an example. */
export function startOf(value: string): Start {
  if (value === "recommended" || value === "custom") return { kind: value };
  return { kind: "example", name: value };
}
