/** What a Space finds in its environment (hub-wire.md 5.5). */
import { localId } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { hardwareEnvironment, isHardware } from "../jobs/hardware.ts";
import type { Repo } from "../repos/store.ts";
import { settingValues } from "./settings.ts";
import type { SpacePlan } from "./space-plan.ts";
import type { SpaceState } from "./space-store.ts";

/** Host and port of a Space, without a scheme: the hub's own host name, another port. */
export const spaceHost = (hub: HubContext, port: number): string => `${new URL(hub.url()).hostname}:${port}`;

/** Everything but what the image sets: facts of the Space, then its variables and secrets. */
export function spaceEnvironment(
  hub: HubContext,
  repo: Repo,
  state: SpaceState,
  plan: SpacePlan,
): Record<string, string> {
  const [author = "", name = ""] = repo.id.split("/");
  return {
    SYSTEM: "spaces",
    SPACE_ID: repo.id,
    SPACE_HOST: spaceHost(hub, state.port ?? 0),
    SPACE_AUTHOR_NAME: author,
    SPACE_REPO_NAME: name,
    SPACE_TITLE: plan.title ?? name,
    SPACE_CREATOR_USER_ID: localId(`user/${repo.createdBy}`),
    ...hardwareEnvironment(isHardware(state.hardware) ? state.hardware : "cpu-basic"),
    ...(plan.oauthScopes === null
      ? {}
      : {
          OAUTH_CLIENT_ID: state.oauthClientId,
          OAUTH_CLIENT_SECRET: state.oauthClientSecret,
          OAUTH_SCOPES: plan.oauthScopes.join(" "),
          OPENID_PROVIDER_URL: hub.url(),
        }),
    ...settingValues(hub, repo.oid, "variables"),
    ...settingValues(hub, repo.oid, "secrets"),
    // The hub's address may change from one start to the next: a stored one must not win.
    HF_ENDPOINT: hub.url(),
  };
}

/** What the pages of a static Space may know: variables and how to sign in, never a secret. */
export function staticVariables(
  hub: HubContext,
  repo: Repo,
  state: SpaceState,
  plan: SpacePlan,
): Record<string, string> {
  return {
    SPACE_CREATOR_USER_ID: localId(`user/${repo.createdBy}`),
    ...(plan.oauthScopes === null
      ? {}
      : {
          OAUTH_CLIENT_ID: state.oauthClientId,
          OAUTH_SCOPES: plan.oauthScopes.join(" "),
          OPENID_PROVIDER_URL: hub.url(),
        }),
    ...settingValues(hub, repo.oid, "variables"),
  };
}
