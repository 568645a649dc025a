import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { extract } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { buildRelease, ReleaseError } from "../../../infra/release";

let root: string;
let app: string;
let out: string;

/** A build that leaves a line in `builds` each time it runs, so that a skipped one can be told from a quick one. */
const BUILD = `const fs = require("node:fs");
fs.appendFileSync("../builds", "built\\n");
for (const process of ["backend", "worker"]) {
  fs.mkdirSync("dist/" + process, { recursive: true });
  fs.copyFileSync("src/" + process + ".js", "dist/" + process + "/main.cjs");
}
fs.copyFileSync("package.json", "dist/package.json");
`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "queuehost-release-"));
  app = join(root, "app");
  out = join(root, "out");
  write("package.json", JSON.stringify({ name: "demo", version: "1.2.3", scripts: { build: "node build.cjs" } }));
  write("build.cjs", BUILD);
  write("src/backend.js", "console.log('backend');\n");
  write("src/worker.js", "console.log('worker');\n");
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, content: string): void {
  mkdirSync(dirname(join(app, path)), { recursive: true });
  writeFileSync(join(app, path), content);
}

const builds = () => readFileSync(join(root, "builds"), "utf8").split("\n").length - 1;

async function entriesOf(file: string): Promise<string[]> {
  const rows: string[] = [];
  const archive = extract();
  archive.on("entry", ({ name, mode = 0, uid, gid, mtime }, stream, next) => {
    rows.push(`${mode.toString(8)} ${uid}:${gid} ${mtime?.getTime()} ${name}`);
    stream.on("end", next).resume();
  });
  archive.end(gunzipSync(readFileSync(file)));
  await new Promise<void>((settle, fail) => archive.on("finish", settle).on("error", fail));
  return rows;
}

describe("an artefact", () => {
  test("holds the build, sorted, without owners or times, and is named by its digest", async () => {
    const release = await buildRelease(app, out);
    expect(release).toMatchObject({ id: release.sha256.slice(0, 12), version: "1.2.3" });
    expect(release.file).toBe(join(out, `${release.id}.tar.gz`));
    expect(release.size).toBe(readFileSync(release.file).length);
    expect(await entriesOf(release.file)).toEqual([
      "644 0:0 0 backend/main.cjs",
      "644 0:0 0 package.json",
      "644 0:0 0 worker/main.cjs",
    ]);
  });

  test("is the same from another folder at another time", async () => {
    const first = await buildRelease(app, out);
    rmSync(join(app, "dist"), { recursive: true });
    utimesSync(join(app, "src/backend.js"), 1, 1);
    const second = await buildRelease(app, join(root, "elsewhere"));
    expect(second.id).toBe(first.id);
    expect(readFileSync(second.file).equals(readFileSync(first.file))).toBe(true);
  });

  test("holds nothing of an earlier build", async () => {
    write("dist/old.js", "");
    expect(await entriesOf((await buildRelease(app, out)).file)).toHaveLength(3);
  });

  test("keeps what is executable", async () => {
    write("build.cjs", `${BUILD}fs.writeFileSync("dist/tool", "#!/bin/sh\\n", { mode: 0o755 });\n`);
    expect(await entriesOf((await buildRelease(app, out)).file)).toContain("755 0:0 0 tool");
  });
});

describe("a build", () => {
  test("doesn't run again while the sources are the same, whatever else lies beside them", async () => {
    const first = await buildRelease(app, out);
    write("node_modules/other/index.js", "");
    write(".env", "SECRET=x");
    expect(await buildRelease(app, out)).toEqual(first);
    expect(builds()).toBe(1);
  });

  test.each([
    ["a source", () => write("src/backend.js", "console.log('changed');\n")],
    ["a new source", () => write("src/new.js", "")],
    ["the lockfile above", () => writeFileSync(join(root, "package-lock.json"), "{}")],
    ["the artefact, which was damaged", () => writeFileSync(join(out, "last-build.json"), "{")],
  ])("runs again after a change of %s", async (_, change) => {
    await buildRelease(app, out);
    change();
    await buildRelease(app, out);
    expect(builds()).toBe(2);
  });

  test.each([
    ["was cut short", (whole: Buffer) => whole.subarray(0, 40)],
    ["holds something else", () => gzipSync("something else")],
  ])("replaces an artefact that %s", async (_, damage) => {
    const release = await buildRelease(app, out);
    writeFileSync(release.file, damage(readFileSync(release.file)));
    await buildRelease(app, out);
    expect(await entriesOf(release.file)).toHaveLength(3);
  });
});

describe("an application that can't be built is told so in one message", () => {
  const fault = async () =>
    buildRelease(app, out).then(
      () => undefined,
      (error: unknown) => error,
    );

  test("no package.json", async () => {
    rmSync(join(app, "package.json"));
    expect(await fault()).toEqual(
      new ReleaseError(`${app}: should be the folder of an application, with a package.json; there is none`),
    );
  });

  test("no script build", async () => {
    write("package.json", JSON.stringify({ scripts: { start: "node ." } }));
    expect(await fault()).toMatchObject({
      name: "ReleaseError",
      message: expect.stringMatching(/package\.json: should have a script "build" that writes .*; it has start$/),
    });
  });

  test("a build that fails shows its last lines", async () => {
    write("build.cjs", `console.log("compiling"); console.error("src/backend.js:7: no such import"); process.exit(3);`);
    expect(await fault()).toEqual(
      new ReleaseError(
        `${app}: npm run build ended with exit code 3:\n  | compiling\n  | src/backend.js:7: no such import`,
      ),
    );
  });

  test("a build without a worker", async () => {
    write("build.cjs", `${BUILD}fs.rmSync("dist/worker", { recursive: true });`);
    expect(await fault()).toMatchObject({ message: expect.stringMatching(/but worker\/main\.cjs is missing$/) });
  });

  test("secrets in what was built", async () => {
    write("build.cjs", `${BUILD}fs.writeFileSync("dist/backend/.env", "");`);
    expect(await fault()).toMatchObject({ message: expect.stringMatching(/secrets don't travel in a release/) });
  });

  test("a link in what was built", async () => {
    write("build.cjs", `${BUILD}fs.symlinkSync("/etc/passwd", "dist/users");`);
    expect(await fault()).toMatchObject({ message: expect.stringMatching(/users: should be a file or a folder/) });
  });
});
