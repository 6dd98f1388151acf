import packageJson from "../../package.json" with { type: "json" };

/** Sent as `x-agent-collab-emulator` on every response. */
export const HUB_VERSION: string = packageJson.version;
