/** What a client may ask for when it starts a Job (hub-wire.md 6.1). */
import { z } from "zod";
import type { JobHardware } from "../../../template/schema/hardware.ts";
import { badRequest } from "../errors.ts";
import { isHardware } from "./hardware.ts";

const MAX_LABEL_LENGTH = 100;
const MAX_TIMEOUT_SECONDS = 30 * 24 * 60 * 60;
const DEFAULT_TIMEOUT_SECONDS = 30 * 60;
/** What every program needs to find where it is. */
const SYSTEM_FOLDERS = ["/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"];

const label = z
  .string()
  .regex(/^[a-zA-Z0-9._-]*$/, "may hold letters, digits, '.', '_' and '-' only")
  .max(MAX_LABEL_LENGTH);
export const Labels = z.record(label, label);

const environment = z.record(
  z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is no name for an environment variable"),
  z.string().refine((value) => !value.includes("\0"), "holds a NUL character"),
);

const folder = z
  .string()
  .refine((path) => !path.split("/").some((part) => part === "." || part === ".."), "holds '.' or '..'");

const Volume = z.object({
  type: z.enum(["bucket", "model", "dataset", "space"]),
  source: z.string().regex(/^[^/\s]+\/[^/\s]+$/, "must be namespace/name"),
  mountPath: folder
    .regex(/^\/[^\0\n]*$/, "must begin with '/'")
    .transform((path) => `/${path.split("/").filter(Boolean).join("/")}`)
    .refine((path) => !SYSTEM_FOLDERS.includes(path), "is a folder of the system"),
  revision: z.string().nullish(),
  readOnly: z.boolean().nullish(),
  path: folder.nullish().transform((path) => path?.split("/").filter(Boolean).join("/") ?? ""),
});

const Body = z.object({
  dockerImage: z.string().min(1).nullish(),
  spaceId: z
    .string()
    .regex(/^[^/\s]+\/[^/\s]+$/, "must be namespace/name")
    .nullish(),
  command: z.array(z.string()).nullish(),
  arguments: z.array(z.string()).nullish(),
  environment: environment.nullish(),
  secrets: environment.nullish(),
  flavor: z
    .custom<JobHardware>(isHardware, "is no hardware: see GET /api/jobs/hardware")
    .default("cpu-basic"),
  arch: z.enum(["amd64", "arm64"]).nullish(),
  timeoutSeconds: z.int().min(1).max(MAX_TIMEOUT_SECONDS).nullish(),
  attempts: z.int().min(1).max(10).nullish(),
  labels: Labels.nullish(),
  volumes: z.array(Volume).max(20).nullish(),
  expose: z.object({ ports: z.array(z.unknown()).nullish() }).nullish(),
  ssh: z.object({ enabled: z.boolean().nullish() }).nullish(),
});

export interface JobVolume {
  type: "bucket" | "model" | "dataset" | "space";
  source: string;
  /** Begins with a slash and has no other one at its end. */
  mountPath: string;
  revision?: string;
  readOnly: boolean;
  /** Folder inside the source, without slashes at its ends; `""` for all of it. */
  path: string;
}

/** A Job as asked for, without the values of its secrets. */
export interface JobSpec {
  dockerImage: string | null;
  spaceId: string | null;
  command: string[];
  arguments: string[];
  environment: Record<string, string>;
  secretNames: string[];
  flavor: JobHardware;
  arch: "amd64" | "arm64";
  timeoutSeconds: number;
  attempts: number;
  volumes: JobVolume[];
}

export interface JobRequest {
  spec: JobSpec;
  labels: Record<string, string>;
  secrets: Record<string, string>;
}

/** Throws 400 naming the field that is wrong, never a value: it may be a secret. */
export function parseJobRequest(body: unknown): JobRequest {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw badRequest(`Wrong Job at '${issue?.path.join(".") ?? ""}': ${issue?.message}`);
  }
  const { data } = parsed;
  if ((data.dockerImage == null) === (data.spaceId == null)) {
    throw badRequest("A Job needs either dockerImage or spaceId");
  }
  const command = data.command ?? [];
  const args = data.arguments ?? [];
  if (command.length + args.length === 0 && data.spaceId == null) {
    throw badRequest(
      "A Job of the local hub needs a command: it runs on this machine, without the image and its default command",
    );
  }
  if (data.expose?.ports?.length || data.ssh?.enabled) {
    throw badRequest("The local hub exposes no ports of Jobs and offers no SSH");
  }
  const volumes = (data.volumes ?? []).map(
    ({ revision, readOnly, ...volume }): JobVolume => ({
      ...volume,
      ...(revision == null ? {} : { revision }),
      readOnly: volume.type !== "bucket" || readOnly === true,
    }),
  );
  const paths = volumes.map(({ mountPath }) => mountPath);
  const twice = paths.find((path, index) => paths.indexOf(path) !== index);
  if (twice !== undefined) throw badRequest(`Two volumes have the mount path ${twice}`);
  return {
    spec: {
      dockerImage: data.dockerImage ?? null,
      spaceId: data.spaceId ?? null,
      command,
      arguments: args,
      environment: data.environment ?? {},
      secretNames: Object.keys(data.secrets ?? {}),
      flavor: data.flavor,
      arch: data.arch ?? "amd64",
      timeoutSeconds: data.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
      attempts: data.attempts ?? 1,
      volumes,
    },
    labels: data.labels ?? {},
    secrets: data.secrets ?? {},
  };
}

export function parseLabels(value: unknown): Record<string, string> {
  const parsed = Labels.safeParse(value);
  if (parsed.success) return parsed.data;
  throw badRequest(`Wrong labels: ${parsed.error.issues[0]?.message}`);
}
