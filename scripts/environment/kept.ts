import { nameIn, type Resource } from "../healing/state";

export const SERVER = "hcloud:index/server:Server";
export const STORAGE_BOX = "hcloud:index/storageBox:StorageBox";
export const ADDRESS = "hcloud:index/primaryIp:PrimaryIp";

const NOUNS: Readonly<Record<string, string>> = { [STORAGE_BOX]: "Storage Box", [ADDRESS]: "address" };

/**
 * What stays when all else is deleted: some resources, and all that they need. Their parents and providers are among
 * that; the engine refuses to delete what something that stays depends on.
 */
export function keptWith(resources: readonly Resource[], staying: readonly Resource[]): Resource[] {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const kept = new Set<Resource>();
  const queue = [...staying];
  for (let one = queue.pop(); one !== undefined; one = queue.pop()) {
    if (kept.has(one)) continue;
    kept.add(one);
    for (const urn of needs(one)) {
      const needed = byUrn.get(urn);
      if (needed !== undefined) queue.push(needed);
    }
  }
  return resources.filter((one) => kept.has(one));
}

/** `Storage Box queuehost-box (queuehost-production), address 203.0.113.7`. */
export function inWords(kept: readonly Resource[]): string {
  return kept
    .flatMap(({ type, urn, outputs }) => {
      const noun = NOUNS[type];
      return noun === undefined ? [] : [`${noun} ${outputs?.ipAddress ?? outputs?.name ?? nameIn(urn)}`];
    })
    .join(", ");
}

/** A provider stands as `<urn>::<id>`. */
const needs = ({ parent, provider, dependencies, propertyDependencies }: Resource): string[] => [
  ...(parent === undefined ? [] : [parent]),
  ...(provider === undefined ? [] : [provider.split("::").slice(0, -1).join("::")]),
  ...(dependencies ?? []),
  ...Object.values(propertyDependencies ?? {}).flatMap((urns) => urns ?? []),
];
