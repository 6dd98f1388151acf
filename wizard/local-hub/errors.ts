/** Errors of the local hub as the Hub's clients expect them (hub-wire.md 1.4). */

export type ErrorCode = "RepoNotFound" | "RevisionNotFound" | "EntryNotFound" | "GatedRepo";

/** An HTTP error answer. Thrown anywhere in the hub, turned into a response in one place (`server.ts`). */
export class HubHttpError extends Error {
  readonly status: number;
  readonly code: ErrorCode | undefined;
  /** Further fields of the JSON body, such as `url` of a 409. */
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, string>;

  constructor(
    status: number,
    message: string,
    options: { code?: ErrorCode; body?: Record<string, unknown>; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.name = "HubHttpError";
    this.status = status;
    this.code = options.code;
    this.body = options.body ?? {};
    this.headers = options.headers ?? {};
  }
}

export const badRequest = (message: string) => new HubHttpError(400, message);
/** The message is one that Python knows (hub-wire.md 1.4); the body is for people, who may have sent a real token. */
export const invalidToken = () =>
  new HubHttpError(401, "Invalid credentials in Authorization header", {
    body: {
      error:
        "Invalid credentials in Authorization header. This is a local hub: it knows only its own tokens, such as hf_local_ada",
    },
  });
export const forbidden = (message: string) => new HubHttpError(403, message);
/** Also what an unreadable repository looks like, so that its existence does not leak. */
export const repoNotFound = (anonymous: boolean) =>
  anonymous
    ? new HubHttpError(401, "Repository not found", { code: "RepoNotFound" })
    : new HubHttpError(404, "Repository not found", { code: "RepoNotFound" });
export const entryNotFound = (path: string) =>
  new HubHttpError(404, `Entry not found: ${path}`, { code: "EntryNotFound" });

export type HubStartErrorCode =
  | "data_folder_unwritable"
  | "data_folder_in_use"
  | "data_folder_newer"
  | "data_folder_broken"
  | "data_folder_foreign"
  | "docker_unavailable"
  | "name_taken"
  | "port_in_use"
  | "port_refused";

/** The hub cannot start, for a reason that the person who starts it can remove. */
export class HubStartError extends Error {
  readonly code: HubStartErrorCode;
  /** What to do next. */
  readonly fix: string;

  constructor(code: HubStartErrorCode, message: string, options: { fix: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.name = "HubStartError";
    this.code = code;
    this.fix = options.fix;
  }
}
