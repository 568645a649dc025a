import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { projectEntries } from "../../../infra/release/contents";
import { productionModules } from "../../../infra/release/modules";
import { findProject } from "../../../infra/release/project";
import { EMPTY_LOCK, Project } from "./support/project";

let project: Project;

beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

const pack = (path: string, manifest: object = {}) =>
  project.write(`${path}/package.json`, manifest).write(`${path}/index.js`, "");

function names(folder = ""): string[] {
  const modules = productionModules(project.root, folder);
  const found = findProject(`${project.root}/${folder}`);
  return projectEntries(project.root, found, modules, ["uploads"]).map(({ path }) => path);
}

describe("modules that npm installed", () => {
  beforeEach(() => {
    pack("", { dependencies: { a: "1" }, optionalDependencies: { absent: "1" }, devDependencies: { tool: "1" } });
    project.write("package-lock.json", EMPTY_LOCK);
    pack("node_modules/a", { dependencies: { b: "1" }, peerDependencies: { "@scope/peer": "1" } });
    pack("node_modules/a/node_modules/b");
    pack("node_modules/b");
    pack("node_modules/@scope/peer");
    pack("node_modules/@scope/other");
    pack("node_modules/tool", { dependencies: { c: "1" } });
    pack("node_modules/c");
    project.link("node_modules/.bin/a", "../a/index.js").link("node_modules/.bin/tool", "../tool/index.js");
    for (const note of [".package-lock.json", ".cache/x", ".prisma/client/index.js"])
      project.write(`node_modules/${note}`, "");
    project.write("uploads/cat.jpg", "").write(".npmrc", "token");
  });

  test("travel when the application reaches them, with their programs and what was generated beside them", () => {
    expect(names()).toEqual([
      "index.js",
      "node_modules/.bin/a",
      "node_modules/.prisma/client/index.js",
      "node_modules/@scope/peer/index.js",
      "node_modules/@scope/peer/package.json",
      "node_modules/a/index.js",
      "node_modules/a/node_modules/b/index.js",
      "node_modules/a/node_modules/b/package.json",
      "node_modules/a/package.json",
      "package-lock.json",
      "package.json",
    ]);
  });
});

describe("modules that pnpm installed", () => {
  const store = (name: string, manifest: object = {}) =>
    pack(`node_modules/.pnpm/${name}@1.0.0/node_modules/${name}`, manifest);

  test("travel in its store, with the links to them", () => {
    pack("", { dependencies: { a: "1" }, devDependencies: { tool: "1" } });
    project.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    store("a", { dependencies: { b: "1" } });
    store("b");
    store("tool");
    for (const name of ["a", "tool"]) project.link(`node_modules/${name}`, `.pnpm/${name}@1.0.0/node_modules/${name}`);
    project.link("node_modules/.pnpm/a@1.0.0/node_modules/b", "../../b@1.0.0/node_modules/b");
    project.link("node_modules/.pnpm/node_modules/b", "../b@1.0.0/node_modules/b");
    project.link("node_modules/.pnpm/node_modules/tool", "../tool@1.0.0/node_modules/tool");
    project.write("node_modules/.modules.yaml", "").write("node_modules/.pnpm/lock.yaml", "");
    expect(names().filter((path) => path.startsWith("node_modules"))).toEqual([
      "node_modules/.pnpm/a@1.0.0/node_modules/a/index.js",
      "node_modules/.pnpm/a@1.0.0/node_modules/a/package.json",
      "node_modules/.pnpm/a@1.0.0/node_modules/b",
      "node_modules/.pnpm/b@1.0.0/node_modules/b/index.js",
      "node_modules/.pnpm/b@1.0.0/node_modules/b/package.json",
      "node_modules/.pnpm/node_modules/b",
      "node_modules/a",
    ]);
  });
});

describe("a monorepo", () => {
  beforeEach(() => {
    const members = ["apps/web", "packages/lib", "packages/other"];
    const links = members.map((path) => [`node_modules/${path.split("/")[1]}`, { resolved: path, link: true }]);
    project.write("package-lock.json", { packages: Object.fromEntries(links) });
    pack("", { devDependencies: { tool: "1" } });
    pack("apps/web", { dependencies: { lib: "1" } });
    pack("packages/lib", { dependencies: { b: "1" } });
    pack("packages/other");
    pack("packages/lib/node_modules/b");
    pack("packages/lib/node_modules/dev");
    for (const path of members) project.link(`node_modules/${path.split("/")[1]}`, `../${path}`);
  });

  test("travels without the members that the application doesn't depend on", () => {
    expect(names("apps/web")).toEqual([
      "apps/web/index.js",
      "apps/web/package.json",
      "index.js",
      "node_modules/lib",
      "node_modules/web",
      "package-lock.json",
      "package.json",
      "packages/lib/index.js",
      "packages/lib/node_modules/b/index.js",
      "packages/lib/node_modules/b/package.json",
      "packages/lib/package.json",
    ]);
  });
});

test("a dependency outside of the project is refused", () => {
  pack("", { dependencies: { lib: "1" } });
  project
    .write("package-lock.json", EMPTY_LOCK)
    .write("../lib/package.json", "{}")
    .link("node_modules/lib", "../../lib");
  expect(() => names()).toThrow("which is outside of it and doesn't travel");
});
