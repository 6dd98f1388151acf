/**
 * `npm run bench -- [--short] [--only NAME] [--json]`: runs the benchmarks in this folder one after the other and
 * prints a table, or one JSON document. Progress goes to stderr.
 */
import { readdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Bench, Row } from "./bench.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const benches = await Promise.all(
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith(".bench.ts"))
    .sort()
    .map(async (file) => ((await import(join(import.meta.dirname, file))) as { bench: Bench }).bench),
);
const chosen = benches.filter(({ name }) => values.only === undefined || name === values.only);
if (chosen.length === 0) {
  process.stderr.write(
    `There is no benchmark '${values.only}'. There are: ${benches.map(({ name }) => name).join(", ")}\n`,
  );
  process.exit(2);
}

const results: { name: string; rows: Row[] }[] = [];
for (const { name, run } of chosen) {
  process.stderr.write(`${name} …\n`);
  try {
    results.push({ name, rows: await run({ short: values.short }) });
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(`${name} failed: ${error instanceof Error ? error.stack : error}\n`);
  }
}
const machine = {
  node: process.version,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model ?? "unknown",
  cores: cpus().length,
  memory_gb: Math.round(totalmem() / 1e9),
};
process.stdout.write(
  values.json
    ? `${JSON.stringify({ schema_version: 1, short: values.short, machine, results }, null, 2)}\n`
    : table(),
);

function table(): string {
  const lines = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gb} GB, Node ${machine.node}${values.short ? " (short run)" : ""}`,
  ];
  for (const { name, rows } of results) {
    const width = Math.max(...rows.map(({ measure }) => measure.length));
    lines.push("", name);
    for (const { measure, value, unit, note } of rows) {
      const figure = `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
      lines.push(
        `  ${measure.padEnd(width)}  ${figure.padStart(16)}${note === undefined ? "" : `   ${note}`}`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}
