import { notFound } from "../errors";
import type { Query } from "../request/list";
import type { Twin } from "../twin";

/** What a handler gets to see of a request. */
export interface Call {
  readonly twin: Twin;
  /** The numbers in the path, in order: `/servers/4/actions/7` is [4, 7]. */
  readonly ids: readonly [number, number];
  /** The other parts of the path by their names in the route, where a resource has a name in place of a number. */
  readonly names: Readonly<Record<string, string | undefined>>;
  readonly query: Query;
  readonly body: unknown;
}

export interface Answer {
  readonly status: 200 | 201 | 204;
  readonly body?: object;
}

export type Handler = (call: Call) => Answer | Promise<Answer>;

export const ok = (body: object): Answer => ({ status: 200, body });
export const created = (body: object): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };

/** The resource of that number, or Hetzner's `not_found`. */
export function find<T extends { readonly id: number }>(all: readonly T[], id: number, what: string): T {
  const resource = all.find((resource) => resource.id === id);
  if (!resource) throw notFound(`${what} with ID '${id}'`);
  return resource;
}
