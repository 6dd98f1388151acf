/** The backend Space's process. */
import { ConfigError, loadConfig } from "./config.ts";
import { createLog, errorFields } from "./log.ts";
import { runsOptionsFor } from "./runs/options.ts";
import { startBackend } from "./start.ts";

const log = createLog();

try {
  const config = loadConfig(process.env, import.meta.dirname);
  const running = await startBackend({ config, log, runs: runsOptionsFor(config.hubEndpoint) });
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      log("info", "stopping", { signal });
      running.close().then(
        () => process.exit(0),
        (error: unknown) => {
          log("error", "stopping failed", { error: errorFields(error) });
          process.exit(1);
        },
      );
    });
  }
  await running.ready;
} catch (error) {
  if (error instanceof ConfigError) log("error", "cannot start", { message: error.message });
  else log("error", "cannot start", { error: errorFields(error) });
  process.exit(1);
}
