import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { EMPTY_LOCK, Project } from "./support/project";

// Each builds for real, some several times.
vi.setConfig({ testTimeout: 90_000 });

let project: Project;

beforeEach(() => {
  project = new Project();
  project
    .write("package.json", { name: "demo", scripts: { start: "node src/main.js" } })
    .write("package-lock.json", EMPTY_LOCK)
    .write("src/main.js", "");
});
afterEach(() => project.remove());

describe("an application that can't be built is told so in one message:", () => {
  test("no folder", async () => {
    rmSync(project.root, { recursive: true });
    expect(await project.fault()).toBe(
      "<root>: should be the folder of an application, with a package.json; there is none",
    );
  });

  test("a package.json that is no JSON", async () => {
    expect(await project.write("package.json", "{").fault()).toMatch(/^<root>\/package.json: should be JSON; /);
  });

  test("no lockfile", async () => {
    expect(await project.delete("package-lock.json").fault()).toMatch(
      /^<root>: should have a lockfile, .* Make one with npm install \(pnpm install, yarn install\)/,
    );
  });

  test("two lockfiles", async () => {
    expect(await project.write("yarn.lock", "").fault()).toMatch(
      /^<root>: should have one lockfile, has package-lock.json and yarn.lock; .* \("packageManager": /,
    );
  });

  test("a lockfile that doesn't fit package.json", async () => {
    project.write("package.json", { name: "demo", dependencies: { ms: "2.1.3" } });
    const fault = await project.fault();
    expect(fault).toMatch(
      /^<root>: npm ci .* failed; where it says that package-lock.json and package.json differ, run npm/,
    );
    expect(fault).toMatch(/\n {2}\| .*Missing: ms@2.1.3 from lock file/);
  });

  test("a build that fails shows its last lines", async () => {
    const build = `for n in $(seq 30); do echo "line $n"; done; echo "src/main.js:7: no such import" >&2; exit 3`;
    const lines = (await project.fault({ build })).split("\n");
    expect(lines[0]).toBe(`<root>: ${build} ended with exit code 3:`);
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe("  | src/main.js:7: no such import");
  });

  test("a Node that package.json excludes", async () => {
    project.write("package.json", { name: "demo", engines: { node: "22.x" } });
    expect(await project.fault()).toMatch(
      /^<root>\/package.json: engines.node is "22.x", and the server's Node would be 24[\d.]+; set app.node to 22$/,
    );
  });

  test.each(["apps/(web)", "apps/My App"])(
    "a member of a monorepo whose folder no unit could name: %s",
    async (name) => {
      project
        .write("package.json", { workspaces: ["apps/*"] })
        .write("package-lock.json", { ...EMPTY_LOCK, packages: { "node_modules/web": { resolved: name, link: true } } })
        .write(`${name}/package.json`, { name: "web" });
      expect(await project.fault({ path: join(project.root, name) })).toBe(
        `<root>/${name}: should have a path within <root> of letters, digits and . _ @ + -, for commands run in it on the server; rename it, or set app.output to a folder that is whole in itself`,
      );
    },
  );

  test("an entry that isn't there", async () => {
    expect(await project.fault({ backend: "node dist/server.js" })).toBe(
      "app.backend: should run a file of the release; dist/server.js isn't there after the build (it holds: package-lock.json, package.json, src)",
    );
  });

  test("a script that isn't there", async () => {
    expect(await project.fault({ workers: { mail: "npm run mail" } })).toMatch(
      /^app.worker.mail: npm run mail should run a script of package.json, which has start; /,
    );
  });

  test("a script of several lines", async () => {
    project.write("package.json", { name: "demo", scripts: { start: "node src/main.js\nreboot" } });
    expect(await project.fault({ backend: "npm start" })).toBe(
      'app.backend: should come to one line without tabs, comes to "node src/main.js\\nreboot"',
    );
  });

  test("an output folder that the build doesn't write", async () => {
    expect(await project.fault({ output: "dist" })).toMatch(
      /^app.output: should be a folder that is there after the build; dist/,
    );
  });

  test("a folder of static files that isn't there", async () => {
    expect(await project.fault({ static: "public" })).toMatch(
      /^app.static: should be a folder of the release with files/,
    );
  });

  test("secrets in what was built", async () => {
    expect(await project.fault({ build: "mkdir dist && touch dist/.env", output: "dist" })).toMatch(
      /dist\/.env: secrets don't travel in a release; set them as env.<KEY> of the stack instead$/,
    );
  });

  test("a source that is a link to somewhere else", async () => {
    expect(await project.link("users", "/etc/passwd").fault()).toMatch(
      /^<root>\/users: is a link to \/etc\/passwd, which is outside/,
    );
  });

  test("a link to somewhere else in what was built", async () => {
    expect(await project.fault({ build: "mkdir dist && ln -s .. dist/up", output: "dist" })).toMatch(
      /dist\/up: is a link to .., which is outside of/,
    );
  });

  test("nothing of it is left behind as if it were a release", async () => {
    await project.fault({ backend: "node dist/server.js" });
    await expect(project.build({ backend: "npm start" })).resolves.toMatchObject({
      commands: { backend: "node src/main.js" },
    });
  });
});
