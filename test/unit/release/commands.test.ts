import { describe, expect, test } from "vitest";
import { resolveCommand, splitCommands } from "../../../infra/release/commands";
import type { Manager } from "../../../infra/release/manager";

const NPM: Manager = { name: "npm", berry: false, lockfile: "package-lock.json", majors: [] };
const PNPM: Manager = { ...NPM, name: "pnpm", lockfile: "pnpm-lock.yaml" };

const SCRIPTS = {
  start: "node dist/server.js",
  "worker:mail": "NODE_ENV=production node dist/worker.js mail",
  all: "npm run migrate && npm start",
  migrate: "prisma migrate deploy",
  again: "npm run again",
};

const resolve = (command: string, scripts: Record<string, string> = SCRIPTS, manager = NPM) =>
  resolveCommand("app.backend", command, { scripts }, manager);

test.each([
  ["npm start", "node dist/server.js"],
  ["npm run -s start", "node dist/server.js"],
  ["npm run start -- --port 80", "node dist/server.js --port 80"],
  ["pnpm worker:mail", "NODE_ENV=production node dist/worker.js mail"],
  ["yarn run worker:mail --fast", "NODE_ENV=production node dist/worker.js mail --fast"],
  ["npm run all", "prisma migrate deploy && node dist/server.js"],
  ["npx --yes prisma migrate deploy; npm start", "prisma migrate deploy; node dist/server.js"],
  ["pnpm exec tsx src/x.ts", "tsx src/x.ts"],
  ["node -e 'npm start && echo'", "node -e 'npm start && echo'"],
  ["python3 worker.py", "python3 worker.py"],
  ["node cli.js npm start", "node cli.js npm start"],
  ["NODE_ENV=production npm start", "NODE_ENV=production node dist/server.js"],
  ["A='x y' B=\"z\" exec npm start -- --fast", "A='x y' B=\"z\" exec node dist/server.js --fast"],
  ["A=1 npm run all", "A=1 prisma migrate deploy && A=1 node dist/server.js"],
  ["A=1 npx tsx src/x.ts; npm start", "A=1 tsx src/x.ts; node dist/server.js"],
  ["cd server && npm start", "cd server && node dist/server.js"],
])("%s runs %s", (command, expected) => {
  expect(resolve(command)).toBe(expected);
});

describe("is refused:", () => {
  test("a script that isn't there, naming those that are", () => {
    expect(() => resolve("yarn strat", { start: "node .", test: "vitest" })).toThrow(
      "app.backend: yarn strat should run a script of package.json, which has start, test; the server has no yarn: a program that a package brings is called by its own name",
    );
    expect(() => resolve("npm start", {})).toThrow("package.json, which has none;");
  });

  test("what a package manager would have to do itself", () => {
    expect(() => resolve("npm install")).toThrow("npm install should run a script of package.json");
  });

  test("a script before or after another, where the manager runs it", () => {
    const scripts = { start: "node .", prestart: "npm run build" };
    expect(() => resolve("npm start", scripts)).toThrow(
      'app.backend: npm start would run the script "prestart" (npm run build) as well; name the command itself (node .)',
    );
    expect(resolve("pnpm start", scripts, PNPM)).toBe("node .");
  });

  test.each([
    ["dumb-init npm start", "npm"],
    ["cross-env A=1 yarn start", "yarn"],
    ["concurrently 'npm:start' 'node x.js'", "npm"],
    ['sh -c "pnpm start"', "pnpm"],
    ["A=1 npx -p typescript tsc", "npx"],
  ])("what would need a package manager on the server: %s", (command, manager) => {
    expect(() => resolve(command)).toThrow(
      `app.backend: ${command} needs ${manager}, and there is no package manager on the server; name what ${manager} would run`,
    );
  });

  test("a circle", () => {
    expect(() => resolve("npm run again")).toThrow("leads from script to script without end");
  });
});

test("a line is taken apart at its operators, not inside of quotes", () => {
  expect(splitCommands("a && b || c; d | e")).toEqual(["a ", "&&", " b ", "||", " c", ";", " d ", "|", " e"]);
  expect(splitCommands(`node -e "x && y" 'a;b' c\\;d & e`)).toEqual([`node -e "x && y" 'a;b' c\\;d & e`]);
});
