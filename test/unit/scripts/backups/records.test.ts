import { describe, expect, test } from "vitest";
import { chooseBackup, chooseParts } from "../../../../scripts/backups/choose";
import { parseBackups, parseGone, parsePlan } from "../../../../scripts/backups/records";
import { asText } from "../../../../scripts/commands/backups";
import { inWords } from "../../../../scripts/commands/restore";

const LISTED = `set	20261122-111134	21469
made	1795345894
release	0123456789ab
redis	8.0.2	REDIS0012
pause	3
keys	106
queue	0	bull:mail	active=3 wait=47 paused=0 delayed=1	b17c
queue	2	bull:report	active=0 wait=0	1c57
database	intranet	17.12 (Debian)
rows	public.orders	1000
entries	4
folder	srv/intranet/shared/uploads
recipients	2
proved	1795345901
set	20261121-235901	900
made	1795305541
redis	8.0.2	REDIS0012
pause	1
keys	0
proved	1795305542
free	66825281536
`;
const listed = parseBackups(LISTED);
const { backups, freeBytes } = listed;
const [full, bare] = backups;
const both = parseBackups(`${LISTED}place\tStorage Box u1@box
away\t20261122-111134\tabcd1234\t21469\there
away\t20261110-030000\tef567890\t900\telsewhere
`);
const unreachable = parseBackups(`${LISTED}place\t/mnt/backups\nunreachable\t/mnt/backups is full\n`);

describe("what the server says of its backups", () => {
  test("one that has everything", () => {
    expect(full).toEqual({
      id: "20261122-111134",
      bytes: 21469,
      made: new Date(1795345894_000),
      proved: new Date(1795345901_000),
      release: "0123456789ab",
      redis: {
        version: "8.0.2",
        keys: 106,
        queues: [
          { db: 0, name: "bull:mail", jobs: { active: 3, wait: 47, paused: 0, delayed: 1 } },
          { db: 2, name: "bull:report", jobs: { active: 0, wait: 0 } },
        ],
      },
      postgres: { database: "intranet", version: "17.12 (Debian)", rows: { "public.orders": 1000 } },
      files: { folders: ["/srv/intranet/shared/uploads"], entries: 4 },
      envKeys: 2,
      pausedMs: 3,
    });
    expect(freeBytes).toBe(66825281536);
  });

  test("one of a server without anything", () => {
    expect(bare).toMatchObject({ redis: { keys: 0, queues: [] }, envKeys: 0 });
    expect(bare).not.toHaveProperty("postgres");
    expect(bare).not.toHaveProperty("release");
  });

  test("none at all", () => {
    expect(parseBackups("free\t5\n")).toEqual({ backups: [], away: [], freeBytes: 5 });
    expect(asText(parseBackups("free\t5\n"))).toBe("There is no backup on the server.");
  });

  test("what there is off it", () => {
    expect(both.place).toBe("Storage Box u1@box");
    expect(both.away).toEqual([
      {
        id: "20261122-111134",
        snapshot: "abcd1234",
        bytes: 21469,
        made: new Date(Date.UTC(2026, 10, 22, 11, 11, 34)),
        here: true,
      },
      {
        id: "20261110-030000",
        snapshot: "ef567890",
        bytes: 900,
        made: new Date(Date.UTC(2026, 10, 10, 3)),
        here: false,
      },
    ]);
    expect(unreachable).toMatchObject({ away: [], place: "/mnt/backups", unreachable: "/mnt/backups is full" });
  });

  test("where each is", () => {
    const text = asText(both);
    expect(text).toMatch(/^20261122-111134 .* release 0123456789ab {2}both\n20261121-235901 .* server\n/);
    expect(text).toMatch(/\n20261110-030000 .* 1 kB .* off the server\n/);
    expect(text).toMatch(/\n2 in .*\n2 at Storage Box u1@box\.$/);
    expect(asText(unreachable)).toMatch(/\n\/mnt\/backups can't be asked: \/mnt\/backups is full$/);
  });

  test("what would be pruned there, each once", () => {
    expect(parseGone("gone\t20261122-1\ta\ngone\t20261121-1\tb\ngone\t20261121-1\tc\n")).toEqual([
      "20261121-1",
      "20261122-1",
    ]);
  });

  test("as a table", () => {
    const text = asText(listed);
    expect(text).toMatch(/^20261122-111134 .* redis, postgres, files, \.env {2}51 jobs {2}release 0123456789ab\n/);
    expect(text).toContain("2 in /var/backups/queuehost on the server, each restored on trial; 66.8 GB free.");
  });
});

describe("the backup that is meant", () => {
  test.each([
    ["latest", "20261122-111134"],
    ["20261121-235901", "20261121-235901"],
    ["20261121", "20261121-235901"],
    ["2026-11-22", "20261122-111134"],
    ["2026-11-21T23:59", "20261121-235901"],
    ["202611", "20261122-111134"],
  ])("%s", (from, id) => {
    expect(chooseBackup(listed, from).id).toBe(id);
  });

  test.each(["20261120", "yesterday", "", "*"])("%j is refused with those that there are", (from) => {
    expect(() => chooseBackup(listed, from)).toThrow(
      `--from: should be latest, a backup's id or its date, got ${from}. Nothing was touched. There are:\n  20261122-111134\n  20261121-235901`,
    );
  });

  test("where there is none", () => {
    const none = { backups: [], away: [], freeBytes: 5 };
    expect(() => chooseBackup(none, "latest")).toThrow("There is no backup on the server. Nothing was touched.");
    expect(() => chooseBackup({ ...none, place: "/mnt/x", unreachable: "full" }, "latest")).toThrow(
      "There is no backup on the server or at /mnt/x (full). Nothing was touched.",
    );
  });

  test("off the server alone, or on both", () => {
    expect(chooseBackup(both, "20261110")).toEqual({
      id: "20261110-030000",
      made: new Date(Date.UTC(2026, 10, 10, 3)),
    });
    expect(chooseBackup(both, "latest").backup).toBe(both.backups[0]);
    expect(() => chooseBackup(unreachable, "20261110")).toThrow("/mnt/backups can't be asked: /mnt/backups is full.");
  });

  test("its parts", () => {
    if (!full || !bare) throw new Error("no backups");
    expect(chooseParts(full, undefined)).toEqual(["redis", "postgres", "files"]);
    expect(chooseParts(full, "files, redis")).toEqual(["redis", "files"]);
    expect(() => chooseParts(full, "mail")).toThrow("--what: should be some of redis, postgres, files, got mail.");
    expect(() => chooseParts(bare, "postgres")).toThrow(
      "--what: backup 20261121-235901 has no postgres; it has redis.",
    );
  });
});

describe("what a restore would replace", () => {
  const replaced = parsePlan(
    [
      "now\tqueue\t0\tbull:mail\tactive=0 wait=3\tb1",
      "now\tqueue\t1\tbull:new\twait=0\tb2",
      "backup\tqueue\t0\tbull:mail\tactive=3 wait=47\tb3",
      "now\trows\tpublic.orders\t1002",
      "backup\trows\tpublic.orders\t1000",
      "backup\tfolder\tsrv/x/shared/uploads\t7",
    ].join("\n"),
  );

  test("side by side", () => {
    expect(replaced).toEqual([
      { what: "queue bull:mail", now: "3 waiting", backup: "3 active, 47 waiting" },
      { what: "queue bull:new (db 1)", now: "empty" },
      { what: "table public.orders", now: "1002 rows", backup: "1000 rows" },
      { what: "folder /srv/x/shared/uploads", backup: "7 files" },
    ]);
  });

  test("in words", () => {
    if (!full) throw new Error("no backup");
    expect(inWords(full, ["redis"], replaced)).toContain("queue bull:new (db 1)         empty        isn't there");
    expect(inWords(full, ["redis"], [])).toContain("Neither it nor the server holds any");
  });
});
