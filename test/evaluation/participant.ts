/** Somebody who takes part in a collab over HTTP, as its README tells them to. */
import { createHub } from "../../template/hub/client.ts";

export interface Place {
  hubUrl: string;
  api: string;
  org: string;
  slug: string;
}

export class Participant {
  readonly #place: Place;
  readonly #id: string;
  readonly #token: string;
  #key = "";

  constructor(place: Place, id: string, token: string) {
    this.#place = place;
    this.#id = id;
    this.#token = token;
  }

  get #bucketName(): string {
    return `${this.#place.org}/${this.#place.slug}-${this.#id}`;
  }

  get #bucket() {
    return createHub({ endpoint: this.#place.hubUrl, token: this.#token }).bucket(this.#bucketName);
  }

  async join(): Promise<this> {
    const { name } = await createHub({ endpoint: this.#place.hubUrl, token: this.#token }).whoami();
    await this.#bucket.create({ private: false });
    await this.#bucket.write([{ path: ".bucket-sync-handshake", content: `${name}\n` }]);
    const body = { agent_id: this.#id, model: "none", harness: "evaluation", tools: [] };
    const answer = await this.#post("/v1/agents/register", this.#token, body);
    this.#key = String(answer.agent_key);
    return this;
  }

  /** The filename of the message. */
  async say(body: string, channel?: string): Promise<string> {
    const message = { agent_id: this.#id, body, ...(channel ? { channel } : {}) };
    return String((await this.#post("/v1/messages", this.#key, message)).filename);
  }

  /** `frontmatter`: lines of YAML. The filename of the result. */
  async publish(frontmatter: string, body: string): Promise<string> {
    await this.#bucket.write([{ path: "result.md", content: `---\n${frontmatter}\n---\n${body}\n` }]);
    const source = `hf://buckets/${this.#bucketName}/result.md`;
    return String((await this.#post("/v1/results", this.#key, { source })).filename);
  }

  async #post(path: string, token: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#place.api}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`POST ${path} answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Record<string, unknown>;
  }
}
