/** Every environment variable that the command line reads. */
export const ENVIRONMENT: readonly { name: string; purpose: string }[] = [
  { name: "HF_TOKEN", purpose: "token for the Hub; else the one of `hf auth login`" },
  { name: "HF_ENDPOINT", purpose: "address of the Hub; default https://huggingface.co" },
  { name: "HF_HOME", purpose: "where `hf auth login` keeps its token; default ~/.cache/huggingface" },
  { name: "HF_TOKEN_PATH", purpose: "file with the token; default $HF_HOME/token" },
  { name: "AGENT_COLLAB_DEBUG", purpose: "any value: same as --debug" },
  { name: "NO_COLOR", purpose: "any value: no colours" },
  { name: "TERM", purpose: "dumb: no colours and no questions" },
  { name: "CI", purpose: "any value but false: no questions" },
  {
    name: "AI_AGENT",
    purpose: "name of the agent that runs us: plain output and no questions (other agents' variables too)",
  },
  { name: "VISUAL, EDITOR", purpose: "editor for long answers" },
  {
    name: "npm_config_user_agent",
    purpose: "set by package managers: the printed commands use the same one",
  },
];
