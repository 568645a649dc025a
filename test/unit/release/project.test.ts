import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { managerOf } from "../../../infra/release/manager";
import { findProject } from "../../../infra/release/project";
import { Project } from "./support/project";

let project: Project;

beforeEach(() => {
  project = new Project();
  project.write("package.json", { workspaces: ["apps/*"] }).write("apps/web/package.json", { name: "web" });
});
afterEach(() => project.remove());

const NPM = { packages: { "node_modules/web": { resolved: "apps/web", link: true } } };
const PNPM =
  "lockfileVersion: '9.0'\n\nimporters:\n\n  .: {}\n\n  apps/web:\n    dependencies:\n      ms:\n        version: 2.1.3\n\npackages:\n";
const YARN = "# yarn lockfile v1\n";
const BERRY =
  '# made\n\n__metadata:\n  version: 8\n\n"web@workspace:apps/web":\n  version: 0.0.0\n  resolution: "web@workspace:apps/web"\n';

describe.each([
  ["npm", "package-lock.json", JSON.stringify(NPM), { name: "npm", berry: false, majors: [] }],
  ["pnpm", "pnpm-lock.yaml", PNPM, { name: "pnpm", majors: [10, 9, 11, 12] }],
  ["yarn 1", "yarn.lock", YARN, { name: "yarn", berry: false, majors: [1] }],
  ["yarn since 2", "yarn.lock", BERRY, { name: "yarn", berry: true, majors: [4, 3, 2] }],
])("a lockfile of %s", (_, lockfile, content, manager) => {
  test("names the manager", () => {
    expect(managerOf(project.write(lockfile, content).root)).toMatchObject({ ...manager, lockfile });
  });

  test("above the application counts when the application is a member", () => {
    project.write(lockfile, content);
    const { root, folder, isMember } = findProject(join(project.root, "apps/web"));
    expect([root, folder]).toEqual([project.root, "apps/web"]);
    expect(["apps/web", "apps", "apps/web/src"].map(isMember)).toEqual([true, false, false]);
  });

  test("above the application doesn't count when the application is none", () => {
    project.write(lockfile, content).write("other/package.json", {});
    expect(() => findProject(join(project.root, "other"))).toThrow("should have a lockfile");
  });
});

test("an older lockfile of pnpm asks for an older pnpm", () => {
  const majors = ["5.4", "'6.0'", "'9.0'"].map(
    (version) => managerOf(project.write("pnpm-lock.yaml", `lockfileVersion: ${version}\n`).root)?.majors[0],
  );
  expect(majors).toEqual([7, 8, 10]);
});

test("of two lockfiles package.json's packageManager decides, which names the version as well", () => {
  project.write("package-lock.json", NPM).write("pnpm-lock.yaml", PNPM);
  expect(() => managerOf(project.root)).toThrow("should have one lockfile, has package-lock.json and pnpm-lock.yaml");
  project.write("package.json", { packageManager: "pnpm@10.2.0+sha512.abc" });
  expect(managerOf(project.root)).toMatchObject({ name: "pnpm", version: "10.2.0" });
  project.delete("pnpm-lock.yaml");
  expect(managerOf(project.root)).not.toHaveProperty("version");
});
