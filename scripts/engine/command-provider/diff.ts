import { asAsset, isObject, isRecord, isSecret, isUnknown, type Props, unwrap, type Value } from "./values";

export type Kind = "add" | "delete" | "update";

/** A changed property by its path (`stdin`, `environment.HOME`, `triggers[1]`). */
export type Diff = ReadonlyMap<string, { readonly kind: Kind; readonly replaces: boolean }>;

/**
 * What changed between the inputs of two deployments, in the official provider's paths and kinds. Only a property of
 * `replacing` that appears or goes as a whole forces a replacement here; changed elements of `triggers` are replaced by the
 * engine, because the SDK asks for that.
 */
export function diffInputs(olds: Props, news: Props, replacing: ReadonlySet<string>): Diff {
  const changed = new Map<string, Kind>();
  diffObject("", olds, withoutInternals(news), changed);
  return new Map([...changed].map(([path, kind]) => [path, { kind, replaces: replacing.has(path) }]));
}

/** The top-level property that a path leads into. */
export function topLevel(path: string): string {
  return /^[^.[]*/.exec(path)?.[0] ?? path;
}

/** The engine's own inputs (`version`, `__defaults`) are no properties of a resource. */
function withoutInternals(props: Props): Props {
  return Object.fromEntries(Object.entries(props).filter(([key]) => key !== "version" && !key.startsWith("__")));
}

function diffObject(prefix: string, olds: Props, news: Props, changed: Map<string, Kind>): void {
  for (const key of new Set([...Object.keys(olds), ...Object.keys(news)])) {
    diffValue(join(prefix, key), olds[key], news[key], changed);
  }
}

function diffValue(path: string, old: Value | undefined, now: Value | undefined, changed: Map<string, Kind>): void {
  if (now === undefined) changed.set(path, "delete");
  else if (old === undefined) changed.set(path, "add");
  else if (Array.isArray(old) && Array.isArray(now)) {
    for (let i = 0; i < Math.max(old.length, now.length); i++) diffValue(`${path}[${i}]`, old[i], now[i], changed);
  } else if (isObject(old) && isObject(now)) diffObject(path, old, now, changed);
  else if (!equal(old, now)) changed.set(path, "update");
}

/** Equal to the last bit that matters: a secret equals only a secret, assets are equal when their contents are. */
function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (isUnknown(a) || isUnknown(b)) return isUnknown(a) && isUnknown(b);
  if (isSecret(a) !== isSecret(b)) return false;
  const [x, y] = [unwrap(a), unwrap(b)];
  if (Array.isArray(x) && Array.isArray(y)) return x.length === y.length && x.every((item, i) => equal(item, y[i]));
  const [old, now] = [asAsset(x), asAsset(y)];
  if (old !== undefined && now !== undefined) return old.hash !== "" && old.hash === now.hash;
  if (isRecord(x) && isRecord(y)) {
    const keys = new Set([...Object.keys(x), ...Object.keys(y)]);
    return [...keys].every((key) => equal(x[key], y[key]));
  }
  return x === y;
}

function join(prefix: string, key: string): string {
  if (!/^[^.["\]]+$/.test(key)) return `${prefix}[${JSON.stringify(key)}]`;
  return prefix === "" ? key : `${prefix}.${key}`;
}
