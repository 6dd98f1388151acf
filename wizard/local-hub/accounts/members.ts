/** `GET /api/organizations/{org}/members`. */
import type { Caller } from "../context.ts";
import { badRequest, forbidden } from "../errors.ts";
import { absoluteUrl, nextPageLink } from "../origin.ts";
import type { HubRequest } from "../router.ts";
import { avatarPath } from "./avatar.ts";
import { roleAllows, tokenAllows } from "./permissions.ts";
import type { AccountStore, Org } from "./store.ts";

/** One page of members, with `Link` to the next. The cursor is the last user name, base64url. */
export function listMembers(c: HubRequest, store: AccountStore, org: Org, caller: Caller | null): Response {
  const { search, email, cursor } = c.req.query();
  const limit = pageSize(c.req.query("limit"));
  const role = caller && store.roleIn(caller.user, org.name);
  const scoped = caller !== null && tokenAllows(caller, "members", [`org/${org.name}`]);
  const seesRoles = scoped && roleAllows(role, "members", false);
  const seesEmails = scoped && roleAllows(role, "administer", false);
  if (email !== undefined && !seesEmails) throw forbidden(`Only an admin of ${org.name} may search by email`);

  const after = cursor === undefined ? "" : Buffer.from(cursor, "base64url").toString();
  const matches = store.membersOf(org.name).flatMap((member) => {
    const user = store.findUser(member.user);
    if (!user || user.name <= after) return [];
    if (email !== undefined && user.email.toLowerCase() !== email.toLowerCase()) return [];
    if (search !== undefined && !contains(user.name, search) && !contains(user.fullname, search)) return [];
    return [{ user, role: member.role }];
  });
  const page = matches.slice(0, limit);
  const last = page.at(-1);
  if (last && matches.length > limit) {
    c.header("Link", nextPageLink(c, Buffer.from(last.user.name).toString("base64url")));
  }
  return c.json(
    page.map(({ user, role }) => ({
      _id: user.id,
      user: user.name,
      fullname: user.fullname,
      avatarUrl: absoluteUrl(c, avatarPath(user.name)),
      isPro: user.isPro,
      type: "user",
      ...(seesRoles && { role }),
      ...(seesEmails && { verifiedEmail: user.email, twoFaEnabled: false }),
    })),
  );
}

function pageSize(limit: string | undefined): number {
  if (limit === undefined) return 500;
  const number = Number(limit);
  if (!Number.isInteger(number) || number < 10 || number > 10_000)
    throw badRequest("limit must be 10 to 10000");
  return number;
}

function contains(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}
