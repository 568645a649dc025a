import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { PACKAGE } from "../../../scripts/lib/places";

const ID = "20261122-030004";
const HOST = join(PACKAGE, "host");

describe("a backup that leaves a server and comes to another", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "queuehost-transfer-"));
    for (const folder of ["there", "here"]) mkdirSync(join(root, folder));
    makeSet(join(root, "there", ID));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test("is the same there, and for its user alone", () => {
    const tar = exported();
    expect(imported(tar)).toMatchObject({ status: 0, stdout: `${ID}\n` });
    expect(readFileSync(join(root, "here", ID, "files.tar"), "utf8")).toBe("files");
    expect(
      execFileSync("stat", ["-c", "%a", join(root, "here", ID), join(root, "here", ID, "manifest")]).toString(),
    ).toBe("700\n600\n");
    expect(left()).toEqual([ID]);
    expect(imported(tar), "once more").toMatchObject({ status: 0, stdout: `${ID}\n` });
  });

  test("doesn't leave where it is damaged, or isn't there", () => {
    writeFileSync(join(root, "there", ID, "redis.rdb"), "other");
    expect(sh("there", `export_set ${ID}`).stderr).toBe(`queuehost: backup ${ID} is damaged: redis.rdb\n`);
    expect(sh("there", "export_set 20261122-030005").stderr).toMatch(
      /there is no backup 20261122-030005 on this server/,
    );
    expect(sh("there", "export_set ../there").stderr).toMatch(/there is no backup/);
    expect(readdirSync(join(root, "there"))).toEqual([ID]);
  });

  test.each<[what: string, change: (set: string) => void, fault: RegExp]>([
    ["a file with other content", (set) => writeFileSync(join(set, "redis.rdb"), "other"), /is damaged: redis\.rdb/],
    ["a file that is missing", (set) => rmSync(join(set, "files.tar")), /is damaged: sha256sum: files\.tar/],
    [
      "a file that no checksum names",
      (set) => writeFileSync(join(set, "more"), "x"),
      /has other files than its checksums/,
    ],
    ["a folder", (set) => mkdirSync(join(set, "folder")), /isn't part of one: folder/],
    ["a link", (set) => execFileSync("ln", ["-s", "/etc/shadow", join(set, "link")]), /isn't part of one: link/],
    ["no manifest", (set) => rmSync(join(set, "manifest")), /has no manifest/],
    ["no checksums", (set) => rmSync(join(set, "SHA256SUMS")), /has no SHA256SUMS/],
  ])("doesn't come with %s", (_, change, fault) => {
    change(join(root, "there", ID));
    expect(imported(packed(join(root, "there"), ID)).stderr).toMatch(fault);
    expect(left()).toEqual([]);
  });

  test("doesn't come cut off, under another name, beside another, or as something else", () => {
    const tar = exported();
    expect(imported(tar.subarray(0, 2000)).stderr).toMatch(/is no whole backup|is damaged|has no manifest/);
    expect(imported(Buffer.from("no tar at all".repeat(100))).stderr).toMatch(/is no whole backup: /);
    const there = join(root, "there");
    execFileSync("cp", ["-a", join(there, ID), join(there, "name")]);
    expect(imported(packed(there, "name")).stderr).toMatch(/should be one backup, got name/);
    expect(imported(packed(there, ID, "name")).stderr).toMatch(/should be one backup, got /);
    expect(left()).toEqual([]);
  });

  test("doesn't replace another one of that name", () => {
    makeSet(join(root, "here", ID), "another");
    expect(imported(exported()).stderr).toBe(`queuehost: there is another backup ${ID} on this server already\n`);
    expect(readFileSync(join(root, "here", ID, "redis.rdb"), "utf8")).toBe("another");
  });

  test("doesn't begin where it has no room", () => {
    expect(sh("here", "import_set 900000000000000").stderr).toMatch(
      /not enough room in .*: the backup needs 858306884 MB/,
    );
    expect(sh("here", "import_set").stderr).toMatch(/should be told the tar's size in bytes, got nothing/);
  });

  const left = () => readdirSync(join(root, "here"));
  const exported = (): Buffer => sh("there", `export_set ${ID}`, undefined, "buffer").stdout as unknown as Buffer;
  const imported = (tar: Buffer) => sh("here", `import_set ${tar.length}`, tar);
  const packed = (folder: string, ...names: string[]): Buffer => execFileSync("tar", ["-cC", folder, ...names]);

  /** Runs a function of transfer.sh over a folder of this computer, as nobody else than who runs the tests. */
  function sh(folder: string, call: string, input?: Buffer, encoding: "utf8" | "buffer" = "utf8") {
    const script = `set -euo pipefail; . ${HOST}/lib.sh; . ${HOST}/backups/server/keep.sh; . ${HOST}/backups/server/transfer.sh
umask 077; as_backup() { "$@"; }; chown() { :; }; FOLDER=${join(root, folder)}; ${call}`;
    return spawnSync("bash", ["-c", script], {
      encoding: encoding as "utf8",
      ...(input === undefined ? {} : { input }),
    });
  }

  function makeSet(set: string, redis = "redis"): void {
    mkdirSync(set, { mode: 0o700 });
    for (const [file, text] of [
      ["redis.rdb", redis],
      ["files.tar", "files"],
      ["manifest", "made\t1\n"],
    ] as const)
      writeFileSync(join(set, file), text, { mode: 0o600 });
    writeFileSync(
      join(set, "SHA256SUMS"),
      execFileSync("sh", ["-c", "sha256sum files.tar manifest redis.rdb"], { cwd: set }),
    );
    chmodSync(join(set, "SHA256SUMS"), 0o600);
  }
});
