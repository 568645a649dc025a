import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { emptyState, type Server } from "../../../twin/state";
import { Store } from "../../../twin/store";

const folder = mkdtempSync(join(tmpdir(), "queuehost-store-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the addresses of an earlier twin's servers, which knew no Primary IPs, become some that go with them", () => {
  const { primaryIps: _, storageBoxes: __, ...older } = emptyState();
  const ipv4 = { id: 5, ip: "198.18.7.2" };
  const ipv6 = { id: 6, network: "2001:db8:1:4::/64" };
  const servers = [{ id: 4, location: "nbg1", created: "2026-11-01T00:00:00Z", ipv4, ipv6 } as Server];
  writeFileSync(join(folder, "state.json"), JSON.stringify({ ...older, servers }));
  const { state } = Store.open(folder);
  expect(state.storageBoxes).toEqual([]);
  expect(state.primaryIps).toMatchObject([
    { id: 5, type: "ipv4", ip: "198.18.7.2", location: "nbg1", server: 4, autoDelete: true },
    { id: 6, type: "ipv6", ip: "2001:db8:1:4::/64", location: "nbg1", server: 4, autoDelete: true },
  ]);
  Store.open(folder).save();
  expect(Store.open(folder).state.primaryIps).toHaveLength(2);
});
