import { expect, test } from "vitest";
import { dangers, faults } from "../../../../scripts/environment/guard";

const urn = (type: string, name: string) =>
  `urn:pulumi:staging::queuehost::queuehost:index:QueueHost$queuehost:server:Server$${type}::${name}`;
const server = urn("hcloud:index/server:Server", "queuehost-server");
const box = urn("hcloud:index/storageBox:StorageBox", "queuehost-storage-box");

test("a replacement is one danger, whatever its steps", () => {
  const steps = ["delete-replaced", "replace", "create-replacement"].map((op) => ({ op, urn: server }));
  expect(dangers({ steps })).toEqual([{ noun: "server", name: "queuehost-server", verb: "replace" }]);
});

test("a deletion is one, of the Storage Box as well", () => {
  const found = dangers({
    steps: [
      { op: "delete", urn: server },
      { op: "delete", urn: box },
    ],
  });
  expect(found.map(({ noun, verb }) => `${verb} ${noun}`)).toEqual(["delete server", "delete Storage Box"]);
});

test("nothing else is", () => {
  const command = urn("command:remote:Command", "queuehost-redis");
  const steps = [
    { op: "same", urn: server },
    { op: "update", urn: server },
    { op: "create", urn: box },
    { op: "read", urn: box },
    { op: "replace", urn: command },
    { op: "delete", urn: urn("queuehost:server:Server", "queuehost-server") },
  ];
  expect(dangers({ steps })).toEqual([]);
  expect(dangers({})).toEqual([]);
});

test("a preview that fails says why, in whatever form it does", () => {
  const diagnostics = [
    { severity: "info", message: "provider command: stand-in" },
    { severity: "error", message: "app.port: should be a port\n" },
  ];
  expect(faults(JSON.stringify({ diagnostics }), "all of it")).toBe("app.port: should be a port");
  expect(faults('{"diagnostics":[]}', "all of it")).toBe("all of it");
  expect(faults("error: no such stack", "all of it")).toBe("all of it");
});
