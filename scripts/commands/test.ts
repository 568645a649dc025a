import { join } from "node:path";
import { Command } from "commander";
import { ensureDocker } from "../../twin/docker/ensure";
import { ensureEngine } from "../engine";
import { packagesOrNote } from "../lib/packages";
import { ROOT } from "../lib/rehearsal";
import { run } from "../lib/run";

/** The environment variable that tells the tests what this machine lacks: they count as skipped, by name. */
const LACKS = { engine: "QUEUEHOST_LACKS_ENGINE", machines: "QUEUEHOST_LACKS_MACHINES" } as const;

/** `npm test`: gets everything it needs and runs every test. */
export const test = new Command("test")
  .description("run the tests: unit, twin and e2e")
  .option("--project <name...>", "only these: unit, twin, e2e")
  .argument("[files...]", "only test files whose path contains one of these")
  .action(async (files: string[], { project }: { project?: string[] }) => {
    const lacks: Record<string, string> = {};
    const wants = (name: string) => project === undefined || project.includes(name);
    const missing = await packagesOrNote(["redis-server"]);
    if (missing.length > 0)
      console.log(`Not on this machine: ${missing.join(", ")}; the tests that need it are skipped.`);
    if (wants("twin") || wants("e2e")) await orNote(LACKS.machines, ensureDocker, lacks);
    if (wants("e2e")) await orNote(LACKS.engine, ensureEngine, lacks);
    const { exitCode } = await run(
      join(ROOT, "node_modules/.bin/vitest"),
      [
        "run",
        ...(project ?? []).flatMap((name) => ["--project", name]),
        "--reporter=default",
        "--reporter=./test/support/closing-line.ts",
        ...files,
      ],
      { cwd: ROOT, stdio: "inherit", env: lacks },
    );
    process.exitCode = exitCode ?? 1;
  });

async function orNote(
  variable: string,
  ensure: (report: (line: string) => void) => Promise<unknown>,
  lacks: Record<string, string>,
): Promise<void> {
  try {
    await ensure((line) => console.log(line));
  } catch (error) {
    lacks[variable] = error instanceof Error ? error.message : String(error);
    console.log(lacks[variable]);
  }
}
