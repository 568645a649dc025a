import { expect, test } from "vitest";
import { parseReleases, parseStatus } from "../../../../scripts/release/records";

const at = (epoch: number) => new Date(epoch * 1000);

test("kept releases are read line by line, the one that came into service last first", () => {
  const output = [
    "aaaaaaaaaaaa\trefused\t1700000100\tanna@example.org\t24.1.0\tthe watch: 12 % fail",
    "bbbbbbbbbbbb\tlive\t1700000200\tdeploy from 203.0.113.4\t24.2.0\t",
    "cccccccccccc\tkept\t\t\t24.0.0\t",
    "",
  ];
  expect(parseReleases(output.join("\n"))).toEqual([
    {
      id: "bbbbbbbbbbbb",
      state: "live",
      since: at(1700000200),
      who: "deploy from 203.0.113.4",
      node: "24.2.0",
      why: "",
    },
    {
      id: "aaaaaaaaaaaa",
      state: "refused",
      since: at(1700000100),
      who: "anna@example.org",
      node: "24.1.0",
      why: "the watch: 12 % fail",
    },
    { id: "cccccccccccc", state: "kept", who: "", node: "24.0.0", why: "" },
  ]);
  expect(parseReleases("")).toEqual([]);
});

test("a status is read whole", () => {
  const output = [
    "release=bbbbbbbbbbbb",
    "since=1700000200",
    "side=b",
    "manager=systemd",
    "instance=shop-backend@b1 active 4711 0 52428800",
    "instance=shop-worker@b1 failed 0 7 0 signal SIGKILL",
    "lock_who=anna@example.org",
    "lock_when=1700000300",
    "lock_why=stock-taking, a=b",
    "maintenance_who=bert",
    "maintenance_when=1700000400",
    "maintenance_why=moving",
    "watch_verdict=running",
    "watch_release=bbbbbbbbbbbb",
    "refused=aaaaaaaaaaaa\t1700000100\tthe watch\t12 % fail",
    "",
  ];
  expect(parseStatus(output.join("\n"))).toEqual({
    release: "bbbbbbbbbbbb",
    since: at(1700000200),
    side: "b",
    manager: "systemd",
    instances: [
      { unit: "shop-backend@b1", state: "active", pid: 4711, restarts: 0, memory: 52428800 },
      { unit: "shop-worker@b1", state: "failed", pid: 0, restarts: 7, memory: 0, ended: "signal SIGKILL" },
    ],
    refused: [{ id: "aaaaaaaaaaaa", since: at(1700000100), who: "the watch", why: "12 % fail" }],
    lock: { who: "anna@example.org", since: at(1700000300), why: "stock-taking, a=b" },
    maintenance: { who: "bert", since: at(1700000400), why: "moving" },
    watch: { verdict: "running", release: "bbbbbbbbbbbb" },
  });
});

test("what isn't there is absent: no release, no lock, no maintenance, no watch", () => {
  expect(parseStatus("release=\nmanager=systemd\n")).toEqual({
    release: "",
    side: "",
    manager: "systemd",
    instances: [],
    refused: [],
    watch: {},
  });
  const dead = "lock_who=deploy\nlock_when=1\nlock_why=release x\nlock_pid=12\nlock_dead=yes\n";
  expect(parseStatus(dead).lock).toMatchObject({ pid: 12, isDead: true });
});
