/** Who is there: a person at a terminal, an agent, or nobody. Decided once, before any prompt. */

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * Variables by which coding agents make themselves known to the commands they run: the Hub's own list of
 * harnesses (@huggingface/tasks, `AGENT_HARNESSES`), without editors and terminals that people also type in
 * (Warp, Zed, the Cursor editor, Replit).
 */
const AGENT_VARIABLES = [
  "AI_AGENT",
  "AGENT",
  "ANTIGRAVITY_AGENT",
  "AUGMENT_AGENT",
  "CLINE_ACTIVE",
  "CLAUDE_CODE_IS_COWORK",
  "CLAUDECODE",
  "CLAUDE_CODE",
  "CODEX_SANDBOX",
  "CODEX_CI",
  "CODEX_THREAD_ID",
  "CRUSH",
  "GEMINI_CLI",
  "COPILOT_MODEL",
  "COPILOT_ALLOW_ALL",
  "COPILOT_GITHUB_TOKEN",
  "GOOSE_TERMINAL",
  "HERMES_SESSION_ID",
  "KILOCODE_FEATURE",
  "AGENT_CONTEXT_OUT",
  "OPENCLAW_SHELL",
  "OPENCODE_CLIENT",
  "PI_CODING_AGENT",
  "TRAE_AI_SHELL_ID",
  "VTCODE",
  "CURSOR_AGENT",
] as const;

/** Is a coding agent running this command? It changes how things are shown, never what is done. */
export function isAgent(env: Env): boolean {
  return AGENT_VARIABLES.some((name) => Boolean(env[name]));
}

export function isContinuousIntegration(env: Env): boolean {
  return Boolean(env.CI) && env.CI !== "false" && env.CI !== "0";
}

/** May we ask? Both ends must be a terminal, and nobody said otherwise. `forced` is `--[no-]interactive`. */
export function canPrompt(options: {
  forced?: boolean;
  stdinIsTerminal: boolean;
  stderrIsTerminal: boolean;
  env: Env;
}): boolean {
  if (options.forced !== undefined) return options.forced;
  if (isContinuousIntegration(options.env) || isAgent(options.env)) return false;
  return options.stdinIsTerminal && options.stderrIsTerminal && options.env.TERM !== "dumb";
}
