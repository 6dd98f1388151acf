/** Types of query parameters and body fields as the API reads them (api-v1.md 3.0). */
import { z } from "@hono/zod-openapi";

const TRUE = new Set(["1", "true", "yes", "on", "t", "y"]);
const FALSE = new Set(["0", "false", "no", "off", "f", "n"]);

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") return undefined;
  const word = text.toLowerCase();
  return TRUE.has(word) ? true : FALSE.has(word) ? false : undefined;
}

const booleanField = z.unknown().transform((value, ctx): boolean => {
  const parsed = booleanOf(value);
  if (parsed !== undefined) return parsed;
  ctx.addIssue({
    code: "custom",
    message: "Input should be a valid boolean, unable to interpret input",
    params: { type: "bool_parsing" },
  });
  return z.NEVER;
});

/** `1 true yes on t y` / `0 false no off f n`, in any case; in bodies also JSON booleans and 0 or 1. */
export const flag = (byDefault: boolean, description: string) =>
  booleanField
    .optional()
    .transform((value) => value ?? byDefault)
    .openapi({ type: "boolean", default: byDefault, description });

/** A flag that may be left out, where the default depends on the collab. */
export const optionalFlag = (description: string) =>
  booleanField.optional().openapi({ type: "boolean", description });

/** Integer text, also `1.0`. */
export const integer = (description: string, extra: { default?: number } = {}) =>
  z
    .string()
    .transform((text, ctx): number => {
      const trimmed = text.trim();
      const value = Number(trimmed);
      if (/^[-+]?[0-9]+(?:\.0*)?$/.test(trimmed) && Number.isFinite(value)) return value;
      ctx.addIssue({
        code: "custom",
        message: "Input should be a valid integer, unable to parse string as an integer",
        params: { type: "int_parsing" },
      });
      return z.NEVER;
    })
    .optional()
    .openapi({ type: "integer", description, ...extra });

export const text = (description: string) => z.string().openapi({ description });
/** A query parameter that may be left out. */
export const optionalText = (description: string) => z.string().optional().openapi({ description });
/** A body field where `null` is as good as absent. */
export const nullableText = (description: string) =>
  z
    .string()
    .nullish()
    .transform((value) => value ?? null)
    .openapi({ type: ["string", "null"], description });
