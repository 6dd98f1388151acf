/** Channels: where collab.yaml names some, a message is in one of them or in none. */

import type { Collab } from "../../../schema/collab.ts";
import type { YamlValue } from "../documents/yaml-values.ts";
import { ApiError } from "../errors.ts";

/** 400 for a channel that the collab does not have. Without configured channels any text goes. */
export function requireChannel({ board }: Collab, channel: YamlValue | undefined): void {
  if (channel === undefined || channel === null || board.channels.length === 0) return;
  const ids = board.channels.map(({ id }) => id);
  if (typeof channel === "string" && ids.includes(channel)) return;
  throw new ApiError("INVALID_FRONTMATTER", `There is no channel ${JSON.stringify(channel)?.slice(0, 80)}.`, {
    hint: `Channels of this collab: ${ids.join(", ")}`,
  });
}
