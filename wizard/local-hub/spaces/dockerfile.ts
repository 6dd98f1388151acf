/** What a Dockerfile says about running: stages, environment, working folder, copies and the command. */

export class DockerfileError extends Error {}

export interface CopyStep {
  sources: string[];
  /** Absolute; ends with a slash where the Dockerfile says that it is a folder. */
  destination: string;
}

export interface DockerImage {
  /** Program and arguments, entry point included. */
  command: string[];
  env: Record<string, string>;
  /** Absolute path in the image. */
  workdir: string;
  /** Copies from the repository, in order. Copies from other stages are left out, as RUN steps are. */
  copies: CopyStep[];
  /** How many RUN steps the last stage has: they are not executed. */
  runSteps: number;
}

/** `exec`: the JSON form; `shell`: text for `/bin/sh -c`. */
type Command = { exec: string[] } | { shell: string };

interface Stage extends Omit<DockerImage, "command"> {
  cmd: Command | null;
  entrypoint: Command | null;
}

interface Instruction {
  line: number;
  name: string;
  text: string;
}

const emptyStage = (): Stage => ({
  env: {},
  workdir: "/",
  copies: [],
  runSteps: 0,
  cmd: null,
  entrypoint: null,
});

/** Reads the last stage of a Dockerfile. `buildArgs` are what ARG instructions take: a Space's variables. */
export function readDockerfile(text: string, buildArgs: Record<string, string> = {}): DockerImage {
  const stages = new Map<string, Stage>();
  let stage: Stage | null = null;
  let args: Record<string, string> = {};
  for (const instruction of instructionsOf(text)) {
    if (instruction.name === "FROM") {
      const [, image = "", alias] =
        /^(?:--\S+\s+)*(\S+)(?:\s+[Aa][Ss]\s+(\S+))?/.exec(instruction.text) ?? [];
      const base = stages.get(image.toLowerCase());
      stage = base === undefined ? emptyStage() : structuredClone(base);
      args = {};
      if (alias !== undefined) stages.set(alias.toLowerCase(), stage);
    } else if (instruction.name === "ARG") {
      const [, name = "", value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(instruction.text) ?? [];
      args[name] = buildArgs[name] ?? expand(unquote(value ?? ""), { ...args, ...stage?.env });
    } else if (stage === null) {
      throw new DockerfileError(
        `Dockerfile line ${instruction.line}: ${instruction.name} before the first FROM`,
      );
    } else {
      apply(stage, instruction, args);
    }
  }
  if (stage === null) throw new DockerfileError("The Dockerfile has no FROM instruction");
  const { cmd, entrypoint, ...image } = stage;
  return { ...image, command: wholeCommand(entrypoint, cmd) };
}

function apply(stage: Stage, instruction: Instruction, args: Record<string, string>): void {
  const { name, text } = instruction;
  const known = { ...args, ...stage.env };
  if (name === "ENV") {
    for (const [key, value] of environmentOf(text)) stage.env[key] = expand(value, known);
  } else if (name === "WORKDIR") {
    stage.workdir = absolute(stage.workdir, expand(unquote(text), known));
  } else if (name === "CMD") {
    stage.cmd = commandOf(text);
  } else if (name === "ENTRYPOINT") {
    stage.entrypoint = commandOf(text);
  } else if (name === "COPY" || name === "ADD") {
    addCopy(stage, text, known);
  } else if (name === "RUN") {
    stage.runSteps += 1;
  }
}

/** Instructions with continued lines joined, comments dropped and here-documents skipped. */
function instructionsOf(text: string): Instruction[] {
  const instructions: Instruction[] = [];
  const lines = text.split(/\r?\n/);
  for (let index = 0; index < lines.length; index += 1) {
    if (/^\s*(#|$)/.test(lines[index] as string)) continue;
    const first = index + 1;
    let whole = "";
    for (; index < lines.length; index += 1) {
      const line = lines[index] as string;
      if (whole !== "" && /^\s*(#|$)/.test(line)) continue;
      const continued = /\\\s*$/.test(line);
      whole += continued ? line.replace(/\\\s*$/, "") : line;
      if (!continued) break;
    }
    const match = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(whole);
    if (match === null)
      throw new DockerfileError(`Dockerfile line ${first}: not an instruction: ${whole.trim()}`);
    const [, name = "", rest = ""] = match;
    const hereDocument = /^(RUN|COPY|ADD)$/i.test(name) && /<<-?["']?([A-Za-z_]\w*)["']?/.exec(rest);
    if (hereDocument) {
      while (++index < lines.length && (lines[index] as string).trim() !== hereDocument[1]);
    }
    instructions.push({ line: first, name: name.toUpperCase(), text: rest.trim() });
  }
  return instructions;
}

function commandOf(text: string): Command {
  if (text.startsWith("[")) {
    try {
      const parsed: unknown = JSON.parse(text);
      if (Array.isArray(parsed) && parsed.every((part) => typeof part === "string")) return { exec: parsed };
    } catch {
      // As Docker does: what is not JSON is a shell command.
    }
  }
  return { shell: text };
}

function wholeCommand(entrypoint: Command | null, cmd: Command | null): string[] {
  const parts = (command: Command) => ("exec" in command ? command.exec : ["/bin/sh", "-c", command.shell]);
  const command =
    entrypoint === null
      ? cmd === null
        ? []
        : parts(cmd)
      : "shell" in entrypoint || cmd === null
        ? parts(entrypoint)
        : [...entrypoint.exec, ...parts(cmd)];
  if (command.length === 0) throw new DockerfileError("The Dockerfile has neither CMD nor ENTRYPOINT");
  return command;
}

function environmentOf(text: string): [string, string][] {
  const pairs = [...text.matchAll(/([A-Za-z_]\w*)=("(?:[^"\\]|\\.)*"|'[^']*'|(?:[^\s\\]|\\.)*)/g)];
  if (/^[A-Za-z_]\w*=/.test(text))
    return pairs.map(([, key, value]) => [key as string, unquote(value as string)]);
  const [, key = "", value = ""] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  return [[key, value]];
}

function unquote(value: string): string {
  const text = value.trim();
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  return (/^".*"$/s.test(text) ? text.slice(1, -1) : text).replace(/\\([\\" ])/g, "$1");
}

/** `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`. */
function expand(text: string, values: Record<string, string>): string {
  return text.replace(
    /\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})/g,
    (_all, bare?: string, braced?: string, sign?: string, word?: string) => {
      const value = values[(bare ?? braced) as string] ?? "";
      if (sign === "-") return value === "" ? (word as string) : value;
      if (sign === "+") return value === "" ? "" : (word as string);
      return value;
    },
  );
}

/** `path` as seen from folder `base`, without `.` and `..`. */
function absolute(base: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function addCopy(stage: Stage, text: string, known: Record<string, string>): void {
  const flags = /^(?:--\S+\s+)*/.exec(text)?.[0] ?? "";
  if (/--from=/.test(flags) || text.includes("<<")) return;
  const rest = text.slice(flags.length).trim();
  const listed = commandOf(rest);
  const words = ("exec" in listed ? listed.exec : rest.split(/\s+/)).map((word) =>
    expand(unquote(word), known),
  );
  const destination = words.pop();
  if (destination === undefined || words.length === 0) return;
  const isFolder = destination.endsWith("/") || destination === "." || words.length > 1;
  stage.copies.push({
    sources: words.filter((source) => !/^https?:/.test(source)),
    destination: absolute(stage.workdir, destination) + (isFolder ? "/" : ""),
  });
}
