import { chmodSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EMPTY_LOCK, namesIn, Project, rowsOf } from "./support/project";

// Each builds for real, some several times.
vi.setConfig({ testTimeout: 90_000 });

let project: Project;

/** A build that leaves a line outside each time it runs, so that a skipped one can be told from a quick one. */
const BUILD = `const fs = require("node:fs");
fs.appendFileSync(process.env.BUILDS, "built\\n");
fs.cpSync("src", "dist", { recursive: true });
fs.copyFileSync("package.json", "dist/package.json");
`;

beforeEach(() => {
  project = new Project();
  process.env.BUILDS = join(project.root, "../builds");
  project
    .write("package.json", { name: "demo", version: "1.2.3", scripts: { build: "node build.cjs" } })
    .write("package-lock.json", EMPTY_LOCK)
    .write("build.cjs", BUILD)
    .write("src/main.js", "console.log('main');\n");
});
afterEach(() => {
  project.remove();
  delete process.env.BUILDS;
});

const builds = () => readFileSync(process.env.BUILDS ?? "", "utf8").split("\n").length - 1;

describe("an artefact", () => {
  test("of an output folder holds that alone, sorted, without owners or times, and is named by its digest", async () => {
    const release = await project.build({ output: "dist" });
    expect(release).toMatchObject({ id: release.sha256.slice(0, 12), version: "1.2.3", folder: "" });
    expect(release.file).toBe(join(project.out, `${release.id}.tar.gz`));
    expect(release.size).toBe(readFileSync(release.file).length);
    expect(await rowsOf(release.file)).toEqual(["644 0:0 0 main.js", "644 0:0 0 package.json"]);
  });

  test("of a whole project holds its sources and what the build made of them", async () => {
    expect(await namesIn(await project.build())).toEqual([
      "build.cjs",
      "dist/main.js",
      "dist/package.json",
      "package-lock.json",
      "package.json",
      "src/main.js",
    ]);
  });

  test("is the same from another folder at another time", async () => {
    const first = await project.build();
    const bytes = readFileSync(first.file);
    rmSync(project.out, { recursive: true });
    utimesSync(join(project.root, "src/main.js"), 1, 1);
    const second = await project.build();
    expect(second.id).toBe(first.id);
    expect(readFileSync(second.file).equals(bytes)).toBe(true);
  });

  test("holds nothing of an earlier build", async () => {
    await project.write("src/old.js", "").build();
    expect(await namesIn(await project.delete("src/old.js").build())).not.toContain("dist/old.js");
  });

  test("keeps what is executable and links that stay inside", async () => {
    project.write("src/tool", "#!/bin/sh\n").link("src/again", "main.js");
    chmodSync(join(project.root, "src/tool"), 0o755);
    const rows = await rowsOf((await project.build({ build: "none" })).file);
    expect(rows).toContain("755 0:0 0 src/tool");
    expect(rows).toContain("777 0:0 0 src/again -> main.js");
  });

  test("leaves secrets, lasting folders and the deployment's own files at home, and takes the example along", async () => {
    for (const path of [".env", ".env.production", "src/.env", ".npmrc", "uploads/cat.jpg", "Pulumi.production.yaml"])
      project.write(path, "");
    project.write(".env.example", "KEY=");
    const names = await namesIn(await project.build({ folders: ["uploads"], build: "none" }));
    expect(names).toEqual([".env.example", "build.cjs", "package-lock.json", "package.json", "src/main.js"]);
  });

  test("is kept with the newest few", async () => {
    await project.build();
    for (let n = 0; n < 12; n++) writeFileSync(join(project.out, `${String(n).padStart(12, "0")}.tar.gz`), "");
    const { id } = await project.write("src/main.js", "").build();
    const artefacts = readdirSync(project.out).filter((name) => name.endsWith(".tar.gz"));
    expect(artefacts).toHaveLength(10);
    expect(artefacts).toContain(`${id}.tar.gz`);
  });
});

describe("a build", () => {
  test("doesn't run again while the sources are the same, whatever else lies beside them", async () => {
    const first = await project.build();
    project.write("node_modules/other/index.js", "").write(".env", "SECRET=x").write("dist/stale.js", "");
    expect(await project.build()).toEqual(first);
    expect(builds()).toBe(1);
  });

  test("never touches the project's own folder", async () => {
    await project.build();
    expect(readdirSync(project.root).sort()).toEqual(["build.cjs", "package-lock.json", "package.json", "src"]);
  });

  test("is given no settings of the project that its copy lies in", async () => {
    writeFileSync(join(project.out, "../tsconfig.json"), JSON.stringify({ compilerOptions: { strict: true } }));
    project.write("package.json", { name: "demo" }).write("page.js", "console.log(1);\n");
    const esbuild = join(__dirname, "../../../node_modules/.bin/esbuild");
    const { file } = await project.build({ build: `${esbuild} page.js --outfile=dist/page.js`, output: "dist" });
    const page = gunzipSync(readFileSync(file)).toString();
    expect(page).toContain("console.log(1)");
    expect(page).not.toContain("use strict");
  });

  test("keeps others of this machine from its copy, and most of all from a token of a registry", async () => {
    project.write(".npmrc", "").write("src/.npmrc", "");
    await project.build({ build: "none" });
    const modeOf = (path: string) => (statSync(join(project.out, path)).mode & 0o777).toString(8);
    const [workspace = ""] = readdirSync(project.out).filter((name) => name.startsWith("build-"));
    const paths = [
      workspace,
      `${workspace}/here/.npmrc`,
      `${workspace}/here/src/.npmrc`,
      `${workspace}/here/build.cjs`,
    ];
    expect(paths.map(modeOf)).toEqual(["700", "600", "600", "644"]);
  });

  test("runs once for two who want it at the same time", async () => {
    const [one, other] = await Promise.all([project.build(), project.build()]);
    expect(one).toEqual(other);
    expect(builds()).toBe(1);
  });

  test("sees neither the stack's secrets nor the environment of this process' own npm", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { PULUMI_CONFIG_PASSPHRASE: "p", HCLOUD_TOKEN: "t", npm_lifecycle_event: "x" });
    for (const store of ["AWS", "AZURE", "ARM", "GOOGLE", "VAULT"]) process.env[`${store}_SECRET`] = "s";
    try {
      project.write("build.cjs", `${BUILD}fs.writeFileSync("dist/env.json", JSON.stringify(process.env));`);
      project.write("package.json", { name: "demo" });
      const { file } = await project.build({ build: "mkdir dist && env >dist/env" });
      expect(await rowsOf(file)).toContain("644 0:0 0 dist/env");
      const [copy = ""] = readdirSync(project.out).filter((name) => name.startsWith("build-"));
      const seen = readFileSync(join(project.out, copy, "here/dist/env"), "utf8");
      expect(seen).toContain("CI=true");
      expect(seen).not.toMatch(/^(PULUMI_|HCLOUD_|AWS_|AZURE_|ARM_|GOOGLE_|VAULT_|npm_lifecycle|NODE_ENV=)/m);
    } finally {
      process.env = before;
    }
  });

  test.each([
    ["a source", () => project.write("src/main.js", "console.log('changed');\n")],
    ["a new source", () => project.write("src/new.js", "")],
    ["the lockfile", () => project.write("package-lock.json", { ...EMPTY_LOCK, name: "demo" })],
    ["the record, which was damaged", () => breakRecord()],
  ])("runs again after a change of %s", async (_, change) => {
    await project.build();
    change();
    await project.build();
    expect(builds()).toBe(2);
  });

  test.each([
    ["was cut short", (whole: Buffer) => whole.subarray(0, 40)],
    ["holds something else", () => gzipSync("something else")],
  ])("replaces an artefact that %s", async (_, damage) => {
    const release = await project.build({ output: "dist" });
    writeFileSync(release.file, damage(readFileSync(release.file)));
    await project.build({ output: "dist" });
    expect(await rowsOf(release.file)).toHaveLength(2);
  });

  test("runs with another configuration of the same sources", async () => {
    await project.build();
    await project.build({ smokeTest: "node src/main.js" });
    expect(builds()).toBe(2);
  });
});

function breakRecord(): void {
  const [workspace = ""] = readdirSync(project.out).filter((name) => name.startsWith("build-"));
  writeFileSync(join(project.out, workspace, "last-build.json"), "{");
}
