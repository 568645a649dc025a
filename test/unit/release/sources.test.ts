import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { listSources, sourcesDigest } from "../../../infra/release/sources";
import { Project } from "./support/project";

let project: Project;

beforeEach(() => {
  project = new Project();
  for (const path of ["package.json", "src/main.js", "dist/main.js", "node_modules/ms/index.js", "uploads/cat.jpg"])
    project.write(path, "");
  for (const path of [".env", ".envrc", ".env.example", "Pulumi.yaml", "Pulumi.test.yaml", ".rehearsal/token"])
    project.write(path, "");
});
afterEach(() => project.remove());

const names = async (without: string[] = ["uploads"]) =>
  (await listSources(project.root, without)).map(({ path }) => path);
const git = (...args: string[]) => execFileSync("git", args, { cwd: project.root, stdio: "pipe" });

test("outside of git all counts but what is made", async () => {
  expect(await names()).toEqual([".env.example", "package.json", "src/main.js"]);
});

describe("in a git work tree", () => {
  beforeEach(() => {
    git("init", "-q");
    project.write(".gitignore", "node_modules\nlocal\n.npmrc\n");
  });

  test("what git would ship counts, added or not, and what it ignores doesn't", async () => {
    git("add", ".gitignore", "src");
    project.write("local/notes", "").write("new.js", "");
    expect(await names()).toEqual([
      ".env.example",
      ".gitignore",
      "dist/main.js",
      "new.js",
      "package.json",
      "src/main.js",
    ]);
  });

  test("what was deleted doesn't count, whatever git says", async () => {
    git("add", "-A");
    expect(await names()).toContain("src/main.js");
    project.delete("src/main.js");
    expect(await names()).not.toContain("src/main.js");
  });

  test("settings of package managers count even where git ignores them: they may hold tokens", async () => {
    project.write(".npmrc", "");
    expect(await names()).toContain(".npmrc");
  });

  test("a folder that its repository ignores is looked at as it is", async () => {
    project.write("local/package.json", "{}").write("local/a.js", "").write("local/coverage/x", "");
    const sources = await listSources(`${project.root}/local`, []);
    expect(sources.map(({ path }) => path)).toEqual(["a.js", "package.json"]);
  });
});

test("the digest changes with a name, a mode, a content and a link", async () => {
  const digest = async () => sourcesDigest(project.root, await listSources(project.root, []));
  const digests = [await digest()];
  project.write("src/main.js", "x");
  digests.push(await digest());
  execFileSync("chmod", ["+x", "src/main.js"], { cwd: project.root });
  digests.push(await digest());
  project.link("src/link", "main.js");
  digests.push(await digest());
  project.delete("src/link").link("src/link", "other.js");
  digests.push(await digest());
  expect(new Set(digests).size).toBe(5);
  expect(await digest()).toBe(digests[4]);
});
