import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { monorepo } from "./support/monorepo";
import { namesIn, type Project } from "./support/project";

// Each fetches its package manager from the registry, where it isn't on PATH.
const TIMEOUT_MS = 120_000;

let project: Project;
afterEach(() => project.remove());

const build = (node: "22" | "24" = "24") =>
  project.build({ path: join(project.root, "apps/web"), backend: "npm start", node });

/** What its backend prints when it runs from the unpacked release. */
async function output(file: string, folder: string): Promise<string> {
  mkdirSync(project.out, { recursive: true });
  const unpacked = mkdtempSync(join(project.out, "unpacked-"));
  execFileSync("tar", ["-xzf", file, "-C", unpacked]);
  return execFileSync("node", ["src/main.js"], { cwd: join(unpacked, folder), encoding: "utf8" }).trim();
}

describe.each(["npm", "pnpm", "yarn 1", "yarn 4"] as const)("a member of a monorepo with %s", (manager) => {
  test(
    "is built, and runs from its release with what it depends on",
    async () => {
      project = monorepo(manager);
      const release = await build();
      expect(release).toMatchObject({ folder: "apps/web", commands: { backend: "node src/main.js", workers: {} } });
      const names = await namesIn(release);
      expect(names).toContain("packages/lib/index.js");
      expect(names.some((name) => name.endsWith("node_modules/.bin/lib-cli"))).toBe(true);
      expect(names.filter((name) => /other|tool/.test(name))).toEqual([]);
      expect(await output(release.file, release.folder)).toBe("lib v24");
    },
    TIMEOUT_MS,
  );
});

test(
  "a build that uses what the root alone lists is given that",
  async () => {
    project = monorepo("npm");
    const lock = { packages: {} as Record<string, object>, lockfileVersion: 3 };
    for (const name of ["lib", "tool"]) {
      lock.packages[`node_modules/${name}`] = { resolved: `packages/${name}`, link: true };
      lock.packages[`packages/${name}`] = { version: "1.0.0", ...(name === "tool" && { bin: { tool: "tool.js" } }) };
    }
    lock.packages["node_modules/web"] = { resolved: "apps/web", link: true };
    lock.packages["apps/web"] = { version: "1.0.0", dependencies: { lib: "1.0.0" } };
    lock.packages[""] = { workspaces: ["apps/*", "packages/*"], devDependencies: { tool: "1.0.0" } };
    project
      .write("package-lock.json", lock)
      .delete("packages/other")
      .write("package.json", { workspaces: ["apps/*", "packages/*"], devDependencies: { tool: "1.0.0" } })
      .write("apps/web/package.json", {
        name: "web",
        version: "1.0.0",
        scripts: { build: "tool", start: "node src/main.js" },
        dependencies: { lib: "1.0.0" },
      });
    const release = await build();
    expect(await output(release.file, release.folder)).toBe("lib v24");
  },
  TIMEOUT_MS,
);

test(
  "the build runs on the application's Node, not on this one",
  async () => {
    project = monorepo("npm");
    const release = await build("22");
    expect(await output(release.file, release.folder)).toBe("lib v22");
  },
  TIMEOUT_MS,
);
