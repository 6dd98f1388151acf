/** A registration as a file: `agents/{agent_id}.md` (api-v1.md 2.5, 3.4). */
import type { BuiltDocument } from "./result.ts";
import { serialiseDocument } from "./serialise.ts";
import { frontmatterStamp, type Stamp } from "./stamp.ts";
import { mappingOf } from "./yaml-values.ts";

export interface RegistrationInput {
  agentId: string;
  model: string;
  harness: string;
  tools: readonly string[];
  hfUser: string;
  /** `org/slug-agent`. */
  agentBucket: string;
  /** The bio without its frontmatter. */
  bio: string;
  /** `joined` of an earlier registration, which is kept. */
  joined?: string | undefined;
}

export function buildRegistration(input: RegistrationInput, stamp: Stamp): BuiltDocument {
  const frontmatter = mappingOf({
    agent_name: input.agentId,
    agent_model: input.model,
    agent_harness: input.harness,
    agent_tools: [...input.tools],
    hf_user: input.hfUser,
    agent_bucket: input.agentBucket,
    joined: input.joined || frontmatterStamp(stamp),
  });
  const filename = `${input.agentId}.md`;
  const path = `agents/${filename}`;
  return { filename, path, changes: [{ op: "put", path, text: serialiseDocument(frontmatter, input.bio) }] };
}
