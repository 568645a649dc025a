import { join } from "node:path";
import { expect, test } from "vitest";
import { deployableMembers, memberNamed, readApp } from "../../../../scripts/init/app";
import { project } from "./project";

const LOCK = { lockfileVersion: 3, packages: {} };

test("a folder that is no application is named", async () => {
  const folder = project({ "readme.txt": "" });
  await expect(readApp(folder)).rejects.toThrow(
    `${folder}: should be the folder of an application, with a package.json`,
  );
});

test("a missing lockfile is named, with what makes one", async () => {
  const folder = project({ "package.json": {} });
  await expect(readApp(folder)).rejects.toThrow(/should have a lockfile.*npm install/);
});

test("reads code, and nothing that is made or tried", async () => {
  const folder = project({
    "package.json": {},
    "package-lock.json": LOCK,
    "src/a.ts": "a",
    "src/a.test.ts": "",
    "src/types.d.ts": "",
    "test/b.js": "",
    "dist/c.js": "",
    "node_modules/d/index.js": "",
    "big.js": "x".repeat(600_000),
  });
  expect((await readApp(folder)).files).toEqual([{ path: "src/a.ts", text: "a" }]);
});

test("the members of a monorepo that could be deployed", async () => {
  const folder = project({
    "package.json": { workspaces: ["packages/*"] },
    "package-lock.json": {
      ...LOCK,
      packages: Object.fromEntries(
        ["api", "jobs", "ui-kit"].map((name) => [`node_modules/${name}`, { link: true, resolved: `packages/${name}` }]),
      ),
    },
    "packages/api/package.json": { name: "@acme/api", scripts: { start: "node ." } },
    "packages/jobs/package.json": { name: "@acme/jobs", dependencies: { bullmq: "5.0.0" } },
    "packages/ui-kit/package.json": { name: "@acme/ui-kit" },
  });
  const members = await deployableMembers(folder);
  expect(members).toEqual(["packages/api", "packages/jobs"]);
  expect(memberNamed(folder, members, "@acme/jobs")).toBe("packages/jobs");
  expect(() => memberNamed(folder, members, "web")).toThrow(
    "--member: should be one of packages/api, packages/jobs, got web",
  );
  expect(await deployableMembers(join(folder, "packages/api"))).toEqual([]);
});
