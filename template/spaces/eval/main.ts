/** The eval Space's process. */
import { createLog, errorFields } from "../backend/log.ts";
import { loadEvalConfig } from "./config.ts";
import { startEval } from "./start.ts";
import { takeToken } from "./token.ts";

const log = createLog();

try {
  const token = takeToken(process.env);
  const running = await startEval(loadEvalConfig(process.env, import.meta.dirname, token), log);
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      log("info", "stopping", { signal });
      running.close().finally(() => process.exit(0));
    });
  }
} catch (error) {
  log("error", "cannot start", { error: errorFields(error) });
  process.exit(1);
}
