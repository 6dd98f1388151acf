/** OAuth scopes: what each lets an app see or do. */

interface Scope {
  /** For the person who is asked. */
  about: string;
  /** What it allows in the user's own namespace and in the organisations they grant; names as in whoami-v2. */
  permissions: readonly string[];
}

const scope = (about: string, ...permissions: string[]): Scope => ({ about, permissions });

export const SCOPES: Readonly<Record<string, Scope>> = {
  openid: scope("Know who you are"),
  profile: scope("See your name, picture and organizations"),
  email: scope("See your email address", "user.email.read"),
  "read-billing": scope("Know whether you can pay", "user.billing.read"),
  "read-memberships": scope("See your role in your organizations", "org.read"),
  "read-repos": scope("Read your private repositories", "repo.content.read"),
  "gated-repos": scope("Read gated repositories you have access to"),
  "contribute-repos": scope(
    "Create repositories, and change those you created",
    "repo.content.read",
    "repo.contribute",
  ),
  "write-repos": scope("Read and change your repositories", "repo.content.read", "repo.content.write"),
  "manage-repos": scope("Create, change and delete your repositories", "repo.content.read", "repo.write"),
  "read-collections": scope("See your collections", "collection.read"),
  "write-collections": scope("Change your collections", "collection.read", "collection.write"),
  "inference-api": scope("Use inference on your behalf", "inference.serverless.write"),
  "read-endpoints": scope("See your endpoints", "inference.endpoints.infer.write"),
  "write-endpoints": scope("Change your endpoints", "inference.endpoints.write"),
  jobs: scope("Run Jobs on your behalf", "job.write"),
  webhooks: scope("Manage your webhooks", "user.webhooks.read", "user.webhooks.write"),
  "write-discussions": scope("Take part in discussions as you", "discussion.write"),
};

export const SCOPE_NAMES = Object.keys(SCOPES);

/** `openid profile  jobs` as a list, each once. */
export function parseScopes(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter(Boolean))];
}

/** The permissions of a token by entity: the user's namespace, and the organisations they granted. */
export function permissionsOf(user: string, orgs: readonly string[], scopes: readonly string[]) {
  const permissions = [...new Set(scopes.flatMap((name) => SCOPES[name]?.permissions ?? []))];
  return Object.fromEntries(
    [`user/${user}`, ...orgs.map((org) => `org/${org}`)].map((entity) => [entity, permissions]),
  );
}
