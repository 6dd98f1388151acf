import { packageVersion } from "../package-root.ts";

/** Sent as `x-agent-collab-emulator` on every response. */
export const HUB_VERSION = packageVersion();
