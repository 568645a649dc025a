import { expect, test } from "vitest";
import { inWords, keptWith, STORAGE_BOX } from "../../../../scripts/environment/kept";
import type { Resource } from "../../../../scripts/healing/state";

const urn = (type: string, name: string) => `urn:pulumi:staging::queuehost::${type}::${name}`;
const one = (type: string, name: string, more: Partial<Resource> = {}): Resource => ({
  urn: urn(type, name),
  type,
  ...more,
});

const stack = one("pulumi:pulumi:Stack", "queuehost-staging");
const provider = one("pulumi:providers:hcloud", "default_1_41_0", { id: "p" });
const inStack = { parent: stack.urn, provider: `${provider.urn}::p` };
const component = one("queuehost:storagebox:StorageBox", "box", { parent: stack.urn });
const key = one("command:local:Command", "key", { parent: component.urn });
const location = one("command:local:Command", "location", { parent: stack.urn });
const box = one(STORAGE_BOX, "box", {
  ...inStack,
  parent: component.urn,
  dependencies: [key.urn],
  propertyDependencies: { location: [location.urn], labels: null },
  outputs: { name: "queuehost-staging" },
});
const server = one("hcloud:index/server:Server", "server", inStack);
const keys = one("command:remote:Command", "keys", { parent: component.urn, dependencies: [box.urn, key.urn] });
const all = [stack, provider, component, key, location, box, server, keys];

test("what stays keeps all that it needs, and nothing that needs it", () => {
  expect(keptWith(all, [box])).toEqual([stack, provider, component, key, location, box]);
  expect(keptWith(all, [])).toEqual([]);
});

test("it is named by what people know it as", () => {
  const address = one("hcloud:index/primaryIp:PrimaryIp", "ipv4", { outputs: { ipAddress: "203.0.113.7" } });
  expect(inWords([stack, provider, box, address])).toBe("Storage Box queuehost-staging, address 203.0.113.7");
});
