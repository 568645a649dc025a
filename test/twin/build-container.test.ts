import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { engine } from "../../twin/docker/engine";
import { ensureImage } from "../../twin/image/build";
import { LACKS_MACHINES } from "../support/requires";
import { EMPTY_LOCK, namesIn, Project, rowsOf } from "../unit/release/support/project";

// Node, npm and compilers are fetched.
vi.setConfig({ testTimeout: 400_000 });

/** An addon in C, without a binary: wherever it is installed, it has to be compiled. */
const ADDON = {
  "packages/addon/package.json": {
    name: "addon",
    version: "1.0.0",
    main: "index.js",
    scripts: { install: "node-gyp rebuild" },
  },
  "packages/addon/index.js": "module.exports = require('./build/Release/addon.node');\n",
  "packages/addon/binding.gyp": { targets: [{ target_name: "addon", sources: ["addon.c"] }] },
  "packages/addon/addon.c": `#include <node_api.h>
NAPI_MODULE_INIT() {
  napi_value answer;
  napi_create_int32(env, 42, &answer);
  return answer;
}
`,
};

const LOCK = {
  lockfileVersion: 3,
  packages: {
    "": { workspaces: ["packages/*"], dependencies: { addon: "1.0.0" } },
    "node_modules/addon": { resolved: "packages/addon", link: true },
    "packages/addon": { version: "1.0.0", hasInstallScript: true },
  },
};

describe.skipIf(LACKS_MACHINES)("a container of the server's release", () => {
  const projects: Project[] = [];
  let image: string;

  const create = () => {
    const project = new Project();
    projects.push(project);
    return project;
  };

  beforeAll(async () => {
    image = await ensureImage(engine(), () => undefined);
    vi.stubEnv("QUEUEHOST_BUILD_IMAGE", image);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    for (const project of projects) project.remove();
  });

  test("compiles native modules, with compilers that it fetches for that", async () => {
    const project = create();
    for (const [path, content] of Object.entries(ADDON)) project.write(path, content);
    project
      .write("package.json", { name: "demo", workspaces: ["packages/*"], dependencies: { addon: "1.0.0" } })
      .write("package-lock.json", LOCK)
      .write("main.js", "console.log(require('addon'));\n");
    const release = await project.build({ backend: "node main.js" }, { container: true });
    expect(await namesIn(release)).toContain("packages/addon/build/Release/addon.node");
    const unpacked = join(project.out, "unpacked");
    execFileSync("sh", ["-c", `mkdir ${unpacked} && tar -xzf ${release.file} -C ${unpacked}`]);
    const [runtime = ""] = readdirSync(join(project.out, "node")).filter((name) => /^24\..*-x64$/.test(name));
    const mounts = ["-v", `${unpacked}:/release`, "-v", `${join(project.out, "node", runtime)}:/node`];
    const args = ["run", "--rm", ...mounts, image, "/node/bin/node", "/release/main.js"];
    expect(execFileSync("docker", args, { encoding: "utf8" })).toBe("42\n");
  });

  test("is what builds when something made on this machine couldn't be loaded by the server", async () => {
    const project = create();
    const build = "if [ $HOME = /home ]; then cp /bin/true addon.node; else echo mach-o >addon.node; fi";
    project.write("package.json", { name: "demo" }).write("package-lock.json", EMPTY_LOCK);
    const { file } = await project.build({ build });
    expect(await rowsOf(file)).toContain("755 0:0 0 addon.node");
  });

  test("says what the server couldn't load even so", async () => {
    const project = create();
    project
      .write("package.json", { name: "demo" })
      .write("package-lock.json", EMPTY_LOCK)
      .write("addon.node", "mach-o");
    expect(await project.fault()).toBe(
      "<root>: has native code that the server can't load:\n  | addon.node is made for another system than Linux",
    );
  });
});
