import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Home } from "../../scripts/engine/home";
import { PACKAGE } from "../../scripts/lib/places";
import { run } from "../../scripts/lib/run";
import { Deployment } from "../support/deployment";

/** Repeats of each side, taking turns: the machine's load then weighs on both alike. */
const ROUNDS = 7;

/** An `up` with nothing to do, of the whole deployment and of a program that does nothing at all. */
async function main(): Promise<void> {
  const deployment = await Deployment.make("bench");
  const folder = mkdtempSync(join(tmpdir(), "queuehost-empty-"));
  try {
    const cold = await seconds(() => deployment.up());
    const empty = await emptyProgram(folder);
    await empty();
    const times = { ours: [] as number[], empty: [] as number[], verify: [] as number[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      times.ours.push(
        await seconds(() => deployment.pulumi.read(["up", "--yes", "--skip-preview", "--expect-no-changes"])),
      );
      times.empty.push(await seconds(empty));
      times.verify.push(await seconds(() => deployment.verify()));
    }
    const [ours, nothing, verify] = [median(times.ours), median(times.empty), median(times.verify)];
    await deployment.pulumi.configure({ "queuehost:redis.maxmemory": "200mb" }, {});
    const changed = await seconds(() => deployment.up());
    console.log(
      [
        `cold up of the whole host              ${cold.toFixed(1)} s`,
        `one changed setting                    ${changed.toFixed(1)} s`,
        `no-op up, median of ${ROUNDS}                  ${ours.toFixed(2)} s`,
        `no-op up of an empty program           ${nothing.toFixed(2)} s`,
        `ratio                                  ${(ours / nothing).toFixed(2)} (aim: at most 1.3)`,
        `verification, median of ${ROUNDS}              ${verify.toFixed(2)} s (aim: at most 5)`,
      ].join("\n"),
    );
  } finally {
    await deployment.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same engine, loader and kind of backend. */
async function emptyProgram(folder: string): Promise<() => Promise<void>> {
  symlinkSync(join(PACKAGE, "node_modules"), join(folder, "node_modules"));
  symlinkSync(join(PACKAGE, "tsconfig.json"), join(folder, "tsconfig.json"));
  mkdirSync(join(folder, "state"));
  writeFileSync(join(folder, "package.json"), '{ "main": "index.ts", "type": "commonjs" }\n');
  writeFileSync(join(folder, "index.ts"), 'import "@pulumi/pulumi";\n');
  writeFileSync(join(folder, "Pulumi.yaml"), "name: empty\nruntime: nodejs\n");
  const home = new Home();
  const environment = {
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "none",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PATH: `${home.path(home.bin)}:${process.env.PATH}`,
  };
  const pulumi = async (...args: string[]) => {
    const { exitCode, output } = await run("pulumi", [...args, "--non-interactive"], { cwd: folder, env: environment });
    if (exitCode !== 0) throw new Error(output);
  };
  await pulumi("stack", "init", "empty");
  return () => pulumi("up", "--yes", "--skip-preview", "--stack", "empty");
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
