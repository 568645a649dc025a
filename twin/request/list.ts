import { type FieldError, invalidInput, notImplemented } from "../errors";
import type { Labels } from "../state";
import { labelSelector } from "./labels";

/** A query string; a key that stands in it twice has several values. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

/** Every value of a key, in order; empty when it isn't there. */
export function values(query: Query, key: string): string[] {
  const value = query[key];
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

interface Listed {
  readonly id: number;
  readonly name?: string | undefined;
  readonly labels?: Labels | undefined;
}

type Filters<T> = Readonly<Record<string, (item: T, values: readonly string[]) => boolean>>;

const DEFAULT_PER_PAGE = 25;
const MAX_PER_PAGE = 50;

function number(query: Query, key: string, fallback: number, max: number, faults: FieldError[]): number {
  const text = values(query, key)[0];
  if (text === undefined || text === "") return fallback;
  const parsed = Number(text);
  if (!Number.isInteger(parsed) || parsed < 1) faults.push({ name: key, messages: ["must be a positive integer"] });
  return Math.min(parsed, max);
}

/** Sorts by each `field:asc|desc` in turn, as `?sort=name:asc` asks; by id without one. */
function sorted<T extends Listed>(items: readonly T[], orders: readonly string[], faults: FieldError[]): T[] {
  const keys = orders.map((order) => {
    const [field = "", direction = "asc"] = order.split(":");
    if (
      !["id", "name", "created", "command", "status", "started", "finished"].includes(field) ||
      !/^(asc|desc)$/.test(direction)
    )
      faults.push({ name: "sort", messages: [`'${order}' is not a known order`] });
    return { field: field as keyof T, sign: direction === "desc" ? -1 : 1 };
  });
  return [...items].sort((a, b) => {
    for (const { field, sign } of keys) {
      if (a[field] !== b[field]) return (a[field] < b[field] ? -1 : 1) * sign;
    }
    return a.id - b.id;
  });
}

/**
 * One page of a collection, filtered and sorted as the query asks, under `key` and with Hetzner's `meta.pagination`.
 * @param filters what this collection can be filtered by beside `name` and `label_selector`. A parameter that is not known
 *   is refused by name: an ignored filter would answer with the wrong things.
 */
export function page<T extends Listed, S>(
  key: string,
  items: readonly T[],
  query: Query,
  show: (item: T) => S,
  filters: Filters<T> = {},
): object {
  const faults: FieldError[] = [];
  const known = ["page", "per_page", "sort", "name", "label_selector", ...Object.keys(filters)];
  for (const parameter of Object.keys(query)) {
    if (!known.includes(parameter)) throw notImplemented(`the query parameter '${parameter}' of ${key}`);
  }
  const number_ = number(query, "page", 1, Number.MAX_SAFE_INTEGER, faults);
  const perPage = number(query, "per_page", DEFAULT_PER_PAGE, MAX_PER_PAGE, faults);
  const names = values(query, "name").filter((name) => name !== "");
  const selectors = values(query, "label_selector")
    .filter((selector) => selector !== "")
    .map((selector) => labelSelector(selector));
  const found = sorted(items, values(query, "sort"), faults).filter(
    (item) =>
      (names.length === 0 || names.includes(item.name ?? "")) &&
      selectors.every((matches) => matches(item.labels ?? {})) &&
      Object.entries(filters).every(([name, keep]) => {
        const wanted = values(query, name);
        return wanted.length === 0 || keep(item, wanted);
      }),
  );
  if (faults.length > 0) throw invalidInput(faults);
  const last = Math.max(1, Math.ceil(found.length / perPage));
  return {
    [key]: found.slice((number_ - 1) * perPage, number_ * perPage).map(show),
    meta: {
      pagination: {
        page: number_,
        per_page: perPage,
        previous_page: number_ > 1 ? Math.min(number_ - 1, last) : null,
        next_page: number_ < last ? number_ + 1 : null,
        last_page: last,
        total_entries: found.length,
      },
    },
  };
}
