/** Variables and secrets of Spaces. Secrets go in and into the Space's environment, and never out again. */
import type { HubContext } from "../context.ts";
import { badRequest } from "../errors.ts";

export type SettingKind = "variables" | "secrets";

const MAX_VALUE_BYTES = 128 * 1024;

export interface Setting {
  key: string;
  value: string;
  description: string | null;
}

/** Reads `{key, value, description?}`; throws 400 naming what is wrong, never the value. */
export function settingOf(item: unknown): Setting {
  const { key, value, description } = (item ?? {}) as Record<string, unknown>;
  const checked = settingKey(key);
  if (typeof value !== "string") throw badRequest(`The value of ${checked} must be a string`);
  if (Buffer.byteLength(value) > MAX_VALUE_BYTES) {
    throw badRequest(`The value of ${checked} is longer than ${MAX_VALUE_BYTES} bytes`);
  }
  if (value.includes("\0")) throw badRequest(`The value of ${checked} holds a NUL character`);
  return { key: checked, value, description: typeof description === "string" ? description : null };
}

export function settingKey(key: unknown): string {
  if (typeof key === "string" && /^[a-zA-Z][_a-zA-Z0-9]*$/.test(key)) return key;
  throw badRequest(`Invalid key ${JSON.stringify(key)}: letters, digits and '_', beginning with a letter`);
}

/** Stores a setting; `false` if it was there with the same value. */
export function putSetting(hub: HubContext, repo: string, kind: SettingKind, setting: Setting): boolean {
  const { key, value, description } = setting;
  const before = hub.db
    .prepare("SELECT value, description FROM space_settings WHERE repo = ? AND kind = ? AND key = ?")
    .get(repo, kind, key) as { value: string; description: string | null } | undefined;
  hub.db
    .prepare("INSERT OR REPLACE INTO space_settings VALUES (?, ?, ?, ?, ?, ?)")
    .run(repo, kind, key, value, description ?? before?.description ?? null, hub.now());
  return before?.value !== value;
}

/** `false` if there was none of that key. */
export function deleteSetting(hub: HubContext, repo: string, kind: SettingKind, key: string): boolean {
  const statement = hub.db.prepare("DELETE FROM space_settings WHERE repo = ? AND kind = ? AND key = ?");
  return statement.run(repo, kind, key).changes > 0;
}

/** What the Space's process gets. */
export function settingValues(hub: HubContext, repo: string, kind: SettingKind): Record<string, string> {
  const rows = hub.db
    .prepare("SELECT key, value FROM space_settings WHERE repo = ? AND kind = ? ORDER BY key")
    .all(repo, kind) as { key: string; value: string }[];
  return Object.fromEntries(rows.map(({ key, value }) => [key, value]));
}

/** What the API answers: with values for variables only. */
export function settingList(hub: HubContext, repo: string, kind: SettingKind): Record<string, object> {
  const value = kind === "variables" ? "value," : "";
  const rows = hub.db
    .prepare(
      `SELECT key, ${value} description, updated_at FROM space_settings WHERE repo = ? AND kind = ? ORDER BY key`,
    )
    .all(repo, kind) as { key: string; value?: string; description: string | null; updated_at: number }[];
  return Object.fromEntries(
    rows.map(({ updated_at, description, ...row }) => [
      row.key,
      {
        ...row,
        ...(description === null ? {} : { description }),
        updatedAt: new Date(updated_at).toISOString(),
      },
    ]),
  );
}
