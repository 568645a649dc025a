import { chmodSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { expect, test } from "vitest";
import { fromPath } from "../../../scripts/engine/path";
import { Progress } from "../../../scripts/engine/progress";
import { VERSIONS } from "../../../scripts/engine/versions";
import { temporaryFolder, temporaryHome, writeFakeProgram } from "./fixtures";

const HOST = "pulumi-language-nodejs";
const v = `v${VERSIONS.pulumi}`;

/** A folder of PATH with small fake programs in it. */
function folderWith(programs: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, version] of Object.entries(programs)) writeFakeProgram(join(folder, name), version);
  return folder;
}

async function stage(folders: string[], { file = "pulumi", home = temporaryHome() } = {}) {
  const into = temporaryFolder();
  const progress = new Progress(() => {}, "");
  const obstacle = await fromPath(home, file, folders.join(delimiter)).stage(into, progress);
  progress.stop();
  return { into, obstacle };
}

test("links the programs of the first Pulumi of exactly the version", async () => {
  const old = folderWith({ pulumi: "v3.258.0", [HOST]: "old" });
  const right = folderWith({ pulumi: v, [HOST]: "", "pulumi-analyzer-policy": "", other: "" });
  const { into, obstacle } = await stage(["/nonexistent", old, right]);
  expect(obstacle).toBeUndefined();
  expect(readdirSync(into).sort()).toEqual(["pulumi", "pulumi-analyzer-policy", HOST]);
  expect(readlinkSync(join(into, "pulumi"))).toBe(join(right, "pulumi"));
});

test("follows a link on PATH to where the language host is", async () => {
  const real = folderWith({ pulumi: v, [HOST]: "" });
  const folder = temporaryFolder();
  symlinkSync(join(real, "pulumi"), join(folder, "pulumi"));
  const { into, obstacle } = await stage([folder], { file: HOST });
  expect(obstacle).toBeUndefined();
  expect(readlinkSync(join(into, HOST))).toBe(join(real, HOST));
});

test("doesn't take the npm package's wrapper, which is a script", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho ${v}\n`);
  chmodSync(join(folder, "pulumi"), 0o755);
  expect((await stage([folder])).obstacle).toEqual({
    reason: `there is no pulumi ${VERSIONS.pulumi} on PATH`,
    absent: true,
  });
});

test("doesn't take the home's own, which the wrapper puts on PATH", async () => {
  const home = temporaryHome();
  writeFakeProgram(home.path(home.bin, "pulumi"), v);
  expect((await stage([home.path(home.bin)], { home })).obstacle?.reason).toContain("there is no pulumi");
});

test("says so where the language host isn't beside it", async () => {
  const folder = folderWith({ pulumi: v });
  expect((await stage([folder], { file: HOST })).obstacle).toEqual({
    reason: `there is no ${HOST} beside the pulumi in ${folder}`,
    absent: true,
  });
});
