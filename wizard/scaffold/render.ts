/** Handlebars as we use it: nothing is escaped, and a name that is missing is an error, never an empty string. */
import Handlebars from "handlebars";

/**
 * Fills a template. What comes from users is data, never template text, so `{{` in a title stays as it is;
 * the template puts it through `yaml` or `json` wherever a file has a syntax to break.
 */
export function render(template: string, data: Record<string, unknown>): string {
  const engine = Handlebars.create();
  engine.registerHelper("yaml", (value: unknown) => JSON.stringify(value));
  engine.registerHelper("json", (value: unknown) => JSON.stringify(value));
  engine.registerHelper("line", (value: unknown) => oneLine(String(value)));
  return engine.compile(template, { noEscape: true, strict: true, knownHelpersOnly: false })(data);
}

/** Text as one line: for headings and tables, where a line break would start something else. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
