import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Home } from "../../scripts/engine/home";
import { PACKAGE } from "../../scripts/lib/places";
import { type Ended, run } from "../../scripts/lib/run";
import { freePort } from "../support/free-port";
import { LACKS_ENGINE } from "../support/requires";

/** What the shop's own .env has and its example leaves open. */
const SHOP_ENV = `PAYMENT_API_KEY=pk-not-to-be-shown
PAYMENT_WEBHOOK_SECRET=whsec-not-to-be-shown
SHOP_SUPPORT_EMAIL=help@shop.test
SHOP_URL=https://shop.test
SMTP_FROM="Corner Shop <orders@shop.test>"
SMTP_HOST=smtp.shop.test
SMTP_PASSWORD=smtp-not-to-be-shown
`;

describe.skipIf(LACKS_ENGINE)("in a repository of a team's own", () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-package-"));
  const clone = join(folder, "clone");
  const shop = join(folder, "shop");
  const project = join(folder, "infra");
  let tarball: string;

  beforeAll(async () => {
    await succeeds("git", ["clone", "--quiet", PACKAGE, clone], folder);
    symlinkSync(join(PACKAGE, "node_modules"), join(clone, "node_modules"));
    // The clone's .npmrc keeps install scripts from running, and with them what compiles the package.
    const { stdout } = await succeeds("npm", ["pack", "--silent", "--ignore-scripts=false"], clone);
    tarball = join(clone, stdout.trim().split("\n").at(-1) ?? "");
    rmSync(join(clone, "node_modules"));
    cpSync(join(PACKAGE, "test/fixtures/shop"), shop, {
      recursive: true,
      filter: (path) => !/\/(node_modules|dist|uploads|exports)$/.test(path),
    });
    writeFileSync(join(shop, ".env"), SHOP_ENV);
  });
  afterAll(async () => {
    if (existsSync(join(project, "node_modules"))) await queuehost("stop");
    rmSync(folder, { recursive: true, force: true });
  });

  test("pulumi new makes a project of the template", async () => {
    mkdirSync(project);
    await succeeds(
      "pulumi",
      ["new", join(clone, "template"), "--generate-only", "--yes", "--name", "intranet"],
      project,
    );
    expect(readFileSync(join(project, "Pulumi.yaml"), "utf8")).toMatch(/^name: intranet$/m);
    expect(JSON.parse(readFileSync(join(project, "package.json"), "utf8")).name).toBe("intranet");
  });

  test("the packed package is small, and its types are there", async () => {
    expect(statSync(tarball).size).toBeLessThan(1_000_000);
    await succeeds("npm", ["install", "--no-audit", "--no-fund", tarball], project);
    await succeeds("npx", ["tsc"], project);
    const wrong = 'import { QueueHost } from "queuehost";\nexport const host = QueueHost.fromConfig(1);\n';
    writeFileSync(join(project, "wrong.ts"), wrong);
    const { exitCode, output } = await typed("npx", ["tsc", "--noEmit", "--module", "nodenext", "wrong.ts"], project);
    rmSync(join(project, "wrong.ts"));
    expect(exitCode).toBe(2);
    expect(output).toContain("'number' is not assignable to parameter of type 'string'");
    const installed = join(project, "node_modules/queuehost");
    for (const name of ["test", "docs", "app"]) expect(existsSync(join(installed, name)), name).toBe(false);
  });

  test("an application gets queuehost/jobs from it, with its types", async () => {
    const job = 'defineJob({ name: "greet", queue: "mail", description: "Hello", payload: z.object({}), run: 1 })';
    const wrong = `import { defineJob } from "queuehost/jobs";\nimport { z } from "zod";\nexport const greet = ${job};\n`;
    writeFileSync(join(project, "wrong.ts"), wrong);
    const { exitCode, output } = await typed("npx", ["tsc", "--noEmit", "--module", "nodenext", "wrong.ts"], project);
    rmSync(join(project, "wrong.ts"));
    expect(exitCode).toBe(2);
    expect(output.split("\n").filter((line) => /^\S/.test(line))).toEqual([
      expect.stringMatching(
        /^wrong\.ts\(3,.*Type 'number' is not assignable to type '\(payload: Record<string, never>/,
      ),
    ]);
    const shown = await succeeds("node", ["-p", 'typeof require("queuehost/jobs").openJobs'], project);
    expect(shown.stdout.trim()).toBe("function");
  });

  test("init configures an application that nobody here wrote", async () => {
    const { output } = await queuehost("init", "../shop", "--stack", "staging", "--yes");
    expect(output).toContain("Made the stack staging.");
    expect(readFileSync(join(project, ".gitignore"), "utf8")).toContain("Pulumi.rehearsal*.yaml");
    expect(output).toContain("npx queuehost env import ../shop/.env --stack staging");
    const file = readFileSync(join(project, "Pulumi.staging.yaml"), "utf8");
    expect(file).toContain("queuehost:app.path: ../shop");
    expect(file).toMatch(/queuehost:redis\.password:\n\s+secure:/);
    const imported = await queuehost("env", "import", "../shop/.env", "--stack", "staging");
    expect(imported.output).not.toContain("not-to-be-shown");
    expect(readFileSync(join(project, "Pulumi.staging.yaml"), "utf8")).not.toContain("not-to-be-shown");
  });

  test("a second init changes nothing", async () => {
    const before = readFileSync(join(project, "Pulumi.staging.yaml"), "utf8");
    const { output } = await queuehost("init", "../shop", "--stack", "staging", "--yes");
    expect(output).toContain("Nothing to change in Pulumi.staging.yaml.");
    expect(output).not.toContain("env import");
    expect(readFileSync(join(project, "Pulumi.staging.yaml"), "utf8")).toBe(before);
  });

  test("start asks for a stack, and refuses values for variables that it doesn't set", async () => {
    const bare = await typed("npx", ["queuehost", "start"], project);
    expect(bare.output).toContain("Name the stack to rehearse: npx queuehost start --stack staging");
    const set = ["--stack", "staging", "--set", "env.SMTP_HSOT=mail.test"];
    const misspelt = await typed("npx", ["queuehost", "start", ...set], project);
    expect(misspelt.output).toMatch(/--set: should name variables of stack staging, .*, got env.SMTP_HSOT/);
    for (const { exitCode } of [bare, misspelt]) expect(exitCode).toBe(1);
    expect(existsSync(join(project, ".rehearsal/twin"))).toBe(false);
  });

  test("start refuses a stack that isn't there, and makes nothing", async () => {
    const { exitCode, output } = await typed("npx", ["queuehost", "start", "--stack", "stagnig"], project);
    expect(exitCode).toBe(1);
    expect(output).toContain("no stack named 'stagnig' found");
    expect(output).not.toMatch(/^\s+at /m);
    expect(existsSync(join(project, ".rehearsal/twin"))).toBe(false);
  });

  test("start rehearses the stack to a green verification", async () => {
    const port = String(await freePort());
    const set = ["--set", "env.SMTP_HOST=mail.sandbox.test"];
    const { output } = await queuehost("start", "--stack", "staging", "--port", port, ...set);
    expect(output).toMatch(/with these values of stack staging:\n.*env\.PAYMENT_API_KEY/);
    expect(output).not.toMatch(/^ .*env\.SMTP_HOST,/m);
    expect(output).toMatch(/\d+ checks, all as it should be/);
    expect(output).toMatch(/Stack +staging\n/);
    expect(output).not.toContain("not-to-be-shown");
  });

  test("the next start knows the stack, and changes nothing", async () => {
    const { output } = await queuehost("start");
    expect(output).not.toContain("taking over");
    const get = ". .rehearsal/env && npx pulumi config get queuehost:env.SMTP_HOST --stack rehearsal";
    expect((await succeeds("sh", ["-c", get], project)).stdout.trim()).toBe("mail.sandbox.test");
    expect(output).toMatch(/Resources:\s+\S*\s*\d+ unchanged/);
    expect(output).toMatch(/Stack +staging\n/);
  });

  test("another stack's rehearsal isn't put on top of it", async () => {
    const { exitCode, output } = await typed("npx", ["queuehost", "start", "--stack", "production"], project);
    expect(exitCode).toBe(1);
    expect(output).toContain("The rehearsal here is that of stack staging. End it with npx queuehost stop");
  });

  test("what is changed in the stack is changed in its rehearsal", async () => {
    const plain = ". .queuehost/env && npx pulumi config set queuehost:redis.maxmemory 200mb --stack staging";
    await succeeds("sh", ["-c", plain], project);
    const { output } = await queuehost("start");
    expect(output).toContain("taking over the configuration of stack staging");
    expect(output).toContain("1 updated");
    expect(output).toMatch(/\d+ checks, all as it should be/);
  });

  test("the same package from a git commit is the same program", async () => {
    const { stdout: commit } = await succeeds("git", ["rev-parse", "HEAD"], clone);
    await succeeds("npm", ["install", "--no-audit", "--no-fund", `git+file://${clone}#${commit}`], project);
    expect(readFileSync(join(project, "package-lock.json"), "utf8")).toContain(commit);
    const preview = ". .rehearsal/env && npx pulumi preview --stack rehearsal --expect-no-changes";
    await succeeds("sh", ["-c", preview], project);
  });

  test("stop leaves the stack's configuration alone", async () => {
    await queuehost("stop");
    expect(existsSync(join(project, ".rehearsal"))).toBe(false);
    expect(existsSync(join(project, "Pulumi.rehearsal.yaml"))).toBe(false);
    expect(existsSync(join(project, "Pulumi.staging.yaml"))).toBe(true);
    const { exitCode, output } = await typed("npx", ["queuehost", "verify"], project);
    expect(exitCode).toBe(1);
    expect(output).toContain("No rehearsal is running here. Start one: npx queuehost start");
    expect(existsSync(join(project, ".rehearsal"))).toBe(false);
  });

  const queuehost = (...args: string[]) => succeeds("npx", ["queuehost", ...args], project);

  async function succeeds(file: string, args: readonly string[], cwd: string): Promise<Ended> {
    const ended = await typed(file, args, cwd);
    expect(ended.exitCode, `${file} ${args.join(" ")}\n${ended.output}`).toBe(0);
    return ended;
  }

  /** As somebody types it who has Node, npm and the engine, and nothing else of ours. */
  function typed(file: string, args: readonly string[], cwd: string): Promise<Ended> {
    const home = new Home();
    const others = (process.env.PATH ?? "").split(delimiter).filter((entry) => !entry.includes("node_modules"));
    const unset = Object.keys(process.env).filter((key) => /^(PULUMI_|npm_|INIT_CWD$|NODE_)/.test(key));
    return run(file, args, {
      cwd,
      env: {
        ...Object.fromEntries(unset.map((key) => [key, undefined])),
        ...passed("npm_config_cafile", "NODE_EXTRA_CA_CERTS"),
        PATH: [...others, home.path(home.bin)].join(delimiter),
        HOME: join(folder, "home"),
        PULUMI_HOME: home.root,
        npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
      },
    });
  }
});

function passed(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
