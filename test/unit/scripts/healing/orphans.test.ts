import { expect, test } from "vitest";
import { importFile } from "../../../../scripts/healing";
import type { Labelled } from "../../../../scripts/healing/cloud";
import { orphans } from "../../../../scripts/healing/orphans";
import type { Resource } from "../../../../scripts/healing/state";

const KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIB";
const SERVER = "urn:pulumi:staging::vale::queuehost:index:QueueHost$queuehost:server:Server::vale-server";
const NETWORK = "urn:pulumi:staging::vale::queuehost:index:QueueHost$queuehost:network:Network::vale-network";
const PROVIDER = "urn:pulumi:staging::vale::pulumi:providers:hcloud::default_1_41_0::6f";

const components: Resource[] = [
  { urn: NETWORK, type: "queuehost:network:Network" },
  { urn: SERVER, type: "queuehost:server:Server" },
];
const deployKey: Resource = {
  urn: `${SERVER}-deploy-key`,
  type: "command:local:Command",
  parent: SERVER,
  outputs: { stdout: { plaintext: JSON.stringify(`ssh-ed25519 ${KEY}\n-----BEGIN`) } },
};
const firewall: Resource = {
  urn: `${NETWORK}-fw`,
  type: "hcloud:index/firewall:Firewall",
  id: "7",
  parent: NETWORK,
  provider: PROVIDER,
};
const cloud: Labelled[] = [
  { kind: "firewalls", id: "7", name: "vale" },
  { kind: "ssh_keys", id: "8", name: "vale", publicKey: `ssh-ed25519 ${KEY} vale` },
  { kind: "servers", id: "9", name: "vale" },
];

test("what the state doesn't know is taken over under the program's names and the stack's provider", () => {
  const { adoptions, strangers } = orphans(cloud, { resources: [...components, deployKey, firewall], pending: [] });
  expect(strangers).toEqual([]);
  expect(importFile(adoptions)).toEqual({
    nameTable: { parent0: SERVER },
    resources: [
      {
        type: "hcloud:index/sshKey:SshKey",
        name: "ssh_keys-8",
        logicalName: "vale-server",
        id: "8",
        parent: "parent0",
        version: "1.41.0",
      },
      {
        type: "hcloud:index/server:Server",
        name: "servers-9",
        logicalName: "vale-server",
        id: "9",
        parent: "parent0",
        version: "1.41.0",
      },
    ],
  });
});

test("nothing is taken over where the state knows it all", () => {
  const known: Resource[] = [
    ...components,
    deployKey,
    firewall,
    { urn: "k", type: "hcloud:index/sshKey:SshKey", id: "8", parent: SERVER },
    { urn: "s", type: "hcloud:index/server:Server", id: "9", parent: SERVER },
  ];
  expect(orphans(cloud, { resources: known, pending: [] })).toEqual({ adoptions: [], strangers: [] });
});

test("a server that nobody could log into is a stranger: no key, or another's", () => {
  const why = (resources: Resource[]) =>
    orphans(cloud, { resources, pending: [] }).strangers.map(({ found, why }) => `${found.kind}: ${why}`);
  const lost = "its key isn't in the state, so that nobody could log in";
  expect(why([...components, firewall])).toEqual([`ssh_keys: ${lost}`, `servers: ${lost}`]);
  const another = { ...deployKey, outputs: { stdout: { plaintext: JSON.stringify("ssh-ed25519 AAAAother\n") } } };
  expect(why([...components, another, firewall])).toEqual([`ssh_keys: ${lost}`, `servers: ${lost}`]);
});

test("an empty state takes nothing over: the things may be another's of the same name", () => {
  const { adoptions, strangers } = orphans(cloud, { resources: [], pending: [] });
  expect(adoptions).toEqual([]);
  expect(strangers).toHaveLength(3);
});

test("a second server beside the one in the state is a stranger", () => {
  const resources: Resource[] = [
    ...components,
    deployKey,
    firewall,
    { urn: "k", type: "hcloud:index/sshKey:SshKey", id: "8", parent: SERVER },
    { urn: "s", type: "hcloud:index/server:Server", id: "5", parent: SERVER },
  ];
  expect(orphans(cloud, { resources, pending: [] }).strangers.map(({ why }) => why)).toEqual([
    "the state has another in its place",
  ]);
});

test("of two servers in a program, the one whose creation was cut off is the parent", () => {
  const other = SERVER.replace("vale-server", "other-server");
  const resources = [...components, { urn: other, type: "queuehost:server:Server" }, deployKey, firewall];
  const state = { resources, pending: [] as Resource[] };
  expect(orphans(cloud, state).strangers.at(-1)?.why).toMatch(/several/);
  const pending = cloud.slice(1).map(({ kind }) => ({
    urn: "p",
    type: kind === "servers" ? "hcloud:index/server:Server" : "hcloud:index/sshKey:SshKey",
    parent: SERVER,
  }));
  expect(orphans(cloud, { resources, pending }).adoptions.map(({ parent }) => parent)).toEqual([SERVER, SERVER]);
});
