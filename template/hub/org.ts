/** Organisations: existence and members. The library has no call for either (hub-wire.md 2.3). */
import { z } from "zod";
import { HubError } from "./errors.ts";
import type { HubHttp } from "./http.ts";
import { pages, unexpected } from "./pages.ts";
import type { HubOrg, OrgMember } from "./types.ts";

const Member = z.looseObject({ user: z.string(), _id: z.string().nullish(), role: z.string().nullish() });
/** The Hub's own limits of one page. */
const PAGE = { min: 10, max: 10_000, default: 500 };

export function hubOrg(http: HubHttp, name: string): HubOrg {
  const base = `/api/organizations/${encodeURIComponent(name)}`;
  return {
    name,
    async exists() {
      try {
        await http.send({ method: "GET", url: `${base}/overview` });
        return true;
      } catch (error) {
        if (error instanceof HubError && error.isNotFound) return false;
        throw error;
      }
    },
    async members({ email, limit = Number.POSITIVE_INFINITY } = {}) {
      const request = { method: "GET", url: `${base}/members` } as const;
      const pageSize = Number.isFinite(limit) ? Math.min(Math.max(limit, PAGE.min), PAGE.max) : PAGE.default;
      const members: OrgMember[] = [];
      for await (const page of pages(http, { ...request, query: { email, limit: pageSize } })) {
        const parsed = z.array(Member).safeParse(page);
        if (!parsed.success) throw unexpected(request, "a list of members");
        members.push(
          ...parsed.data.map(({ user, _id, role }) => ({ user, id: _id ?? null, role: role ?? null })),
        );
        if (members.length >= limit) break;
      }
      return members.slice(0, limit);
    },
  };
}
