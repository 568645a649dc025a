import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Action, emptyState, moveTo, SERVER_STATUSES, type Server } from "../../../twin/state";
import { Store } from "../../../twin/store";

describe("the status of a server", () => {
  const allowed = (from: Server["status"]) =>
    SERVER_STATUSES.filter((to) => {
      try {
        moveTo({ name: "web", status: from } as Server, to);
        return to !== from;
      } catch {
        return false;
      }
    });

  test.each([
    ["initializing", ["starting", "running", "off", "deleting"]],
    ["starting", ["running", "off", "deleting"]],
    ["running", ["starting", "stopping", "off", "deleting"]],
    ["stopping", ["starting", "running", "off", "deleting"]],
    ["off", ["starting", "deleting"]],
    ["deleting", []],
  ] as const)("from %s it goes to %j", (from, to) => {
    expect(allowed(from)).toEqual(to);
  });

  test("a step that can't be made is a conflict", () => {
    expect(() => moveTo({ name: "web", status: "off" } as Server, "stopping")).toThrow(
      expect.objectContaining({ code: "conflict", message: "server web is off and can't become stopping" }),
    );
  });
});

describe("the store", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "queuehost-store-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test("reads back what it wrote, and its numbers go on", () => {
    const store = Store.open(folder);
    const id = store.id();
    store.state.sshKeys.push({ id, name: "k", publicKey: "p", fingerprint: "f", labels: {}, created: "now" });
    store.save();
    const again = Store.open(folder);
    expect(again.state).toEqual(store.state);
    expect(again.id()).toBe(id + 1);
  });

  test("is for its owner's eyes: user data holds keys", () => {
    Store.open(folder).save();
    expect(statSync(join(folder, "state.json")).mode & 0o777).toBe(0o600);
  });

  test("what an earlier twin knew nothing of is empty", () => {
    const { soldOut, ...before } = emptyState();
    writeFileSync(join(folder, "state.json"), JSON.stringify({ ...before, nextId: 7 }));
    expect(Store.open(folder).state).toEqual({ ...before, nextId: 7, soldOut });
  });

  test("a damaged file is named, and not overwritten", () => {
    writeFileSync(join(folder, "state.json"), '{"version": 1, "serv');
    expect(() => Store.open(folder)).toThrow(
      /state\.json: not readable as the twin's state \(.*\); move it away to start empty$/,
    );
    expect(readFileSync(join(folder, "state.json"), "utf8")).toBe('{"version": 1, "serv');
  });

  test("old actions are forgotten, those under way never", () => {
    const store = Store.open(folder);
    const action = (id: number): Action => ({
      id,
      command: "x",
      status: id === 1 ? "running" : "success",
      progress: 0,
      started: "",
      finished: null,
      error: null,
      resources: [],
    });
    store.state.actions = Array.from({ length: 1500 }, (_, n) => action(n + 1));
    store.save();
    expect(store.state.actions).toHaveLength(1001);
    expect(store.state.actions.map(({ id }) => id).slice(0, 2)).toEqual([1, 501]);
  });
});
