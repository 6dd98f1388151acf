/** An example on a local hub whose backend is a process that gets killed and started again. */
import { resourceNames } from "../../../template/schema/collab.ts";
import type { LoadedCollab } from "../../../wizard/collab-dir.ts";
import { type LocalHub, startLocalHub } from "../../../wizard/local-hub/server.ts";
import { BackendProcess } from "../../backend/record/backend-process.ts";
import { type KeptJob, keptJobs } from "./hub-jobs.ts";
import { ExampleCopy, Participants, type Settings } from "./runs-collab.ts";
import { readTree } from "./tree.ts";

export class KilledCollab extends Participants {
  readonly hub: LocalHub;
  readonly #copy: ExampleCopy;
  #backend: BackendProcess | undefined;

  private constructor(hub: LocalHub, copy: ExampleCopy, loaded: LoadedCollab) {
    const token = (user: string) => hub.context.accounts.tokenOf(user);
    const tokens = {
      organizer: token("organizer"),
      ada: token("ada"),
      bob: token("bob"),
      cy: token("cy"),
    };
    super({ loaded, hubUrl: hub.url, backendUrl: "", tokens });
    this.hub = hub;
    this.#copy = copy;
  }

  /** With the buckets as a deployment leaves them; the backend is not started yet. */
  static async create(example: string, settings: Settings = []): Promise<KilledCollab> {
    const copy = await ExampleCopy.create(example, settings);
    const loaded = await copy.load();
    const { org, adminOrg, centralBucket, auditBucket } = resourceNames(loaded.collab);
    const hub = await startLocalHub({ seed: { org, adminOrg } });
    const killed = new KilledCollab(hub, copy, loaded);
    const put = async (bucket: string, folder: string) => {
      const files = await readTree(`${copy.dir}/${folder}`);
      const moved = files.map(({ path, content }) => ({ path: `${folder}/${path}`, content }));
      await killed.hubAs("organizer").bucket(bucket).write(moved);
    };
    await killed.hubAs("organizer").bucket(centralBucket).create({ private: false });
    await killed.hubAs("organizer").bucket(auditBucket).create({ private: true });
    await put(centralBucket, loaded.collab.jobs.harness);
    if (loaded.collab.verification.mode === "jobs") {
      await put(auditBucket, loaded.collab.verification.private_data);
    }
    return killed;
  }

  /** Starts the backend, again if need be, and waits until it answers. */
  async start(): Promise<void> {
    const collabFile = `${this.#copy.dir}/collab.yaml`;
    this.#backend = new BackendProcess({ hubUrl: this.hub.url, collabFile });
    this.backendUrl = await this.#backend.ready();
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.#backend?.kill();
  }

  /** Jobs of one run that were not canceled, oldest first. */
  jobsOf(runId: string): KeptJob[] {
    return keptJobs(this.hub).filter(({ labels, stage }) => labels.run === runId && stage !== "CANCELED");
  }

  get central() {
    return this.hubAs("organizer").bucket(resourceNames(this.loaded.collab).centralBucket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await this.hub.close();
    await this.#copy[Symbol.asyncDispose]();
  }
}
