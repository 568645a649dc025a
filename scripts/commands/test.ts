import { join } from "node:path";
import { Command } from "commander";
import { ensureDocker } from "../../twin/docker/ensure";
import { ensureEngine } from "../engine";
import { packagesOrNote } from "../lib/packages";
import { PACKAGE } from "../lib/places";
import { lackOf, requireAll } from "../lib/require-all";
import { run } from "../lib/run";

/** The environment variables that tell the tests what this machine lacks: they count as skipped, by name. */
const LACKS = { engine: "QUEUEHOST_LACKS_ENGINE", machines: "QUEUEHOST_LACKS_MACHINES" } as const;

/** Tells the closing line what is missing and required, a line each: it counts as failed. */
const REQUIRED = "QUEUEHOST_LACKS_REQUIRED";

/** `npm test`: gets everything it needs and runs every test. */
export const test = new Command("test")
  .description("run the tests: unit, twin and e2e")
  .option(
    "--project <name>",
    "only this one of unit, twin and e2e; may be given again",
    (name, names: string[] = []) => [...names, name],
  )
  .addOption(requireAll())
  .argument("[files...]", "only test files whose path contains one of these")
  .action(async (files: string[], { project, requireAll }: { project?: string[]; requireAll?: true }) => {
    const wants = (name: string) => project === undefined || project.includes(name);
    const missing = await packagesOrNote(["redis-server"]);
    const lacks: Record<string, string> = {};
    const note = async (variable: string, ensure: (report: (line: string) => void) => Promise<unknown>) => {
      const lack = await lackOf(() => ensure((line) => console.log(line)));
      if (lack !== undefined) lacks[variable] = lack;
    };
    if (wants("twin") || wants("e2e")) await note(LACKS.machines, ensureDocker);
    if (wants("e2e")) await note(LACKS.engine, ensureEngine);
    const lines = [...missing.map((name) => `${name} is not installed`), ...Object.values(lacks)];
    for (const line of lines) console.log(`Not on this machine: ${line}`);
    if (lines.length > 0 && !requireAll) console.log("The tests that need it are skipped.");
    const { exitCode } = await run(
      join(PACKAGE, "node_modules/.bin/vitest"),
      [
        "run",
        ...(project ?? []).flatMap((name) => ["--project", name]),
        "--reporter=default",
        "--reporter=./test/support/closing-line.ts",
        ...files,
      ],
      { cwd: PACKAGE, stdio: "inherit", env: { ...lacks, ...(requireAll ? { [REQUIRED]: lines.join("\n") } : {}) } },
    );
    process.exitCode = exitCode ?? 1;
    if (requireAll && lines.length > 0) process.exitCode ||= 1;
  });
