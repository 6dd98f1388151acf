/** Handlebars as we use it: nothing is escaped, and a name that is missing is an error, never an empty string. */
import Handlebars from "handlebars";
import { stringify } from "yaml";

/**
 * Fills a template. What comes from users is data, never template text, so `{{` in a title stays as it is;
 * the template puts it through `yaml` or `json` wherever a file has a syntax to break.
 */
export function render(template: string, data: Record<string, unknown>): string {
  const engine = Handlebars.create();
  engine.registerHelper("yaml", yamlScalar);
  engine.registerHelper("json", (value: unknown) => JSON.stringify(value));
  return engine.compile(template, { noEscape: true, strict: true })(data);
}

/** A value on one line of a block mapping or list, quoted only where YAML needs it. */
function yamlScalar(value: unknown): string {
  if (typeof value !== "string" || /[\n\r\u0085\u2028\u2029]/.test(value)) return JSON.stringify(value);
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

/** Text as one line: for headings and tables, where a line break would start something else. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
