// npm run bench:jobs [-- --quick] [-- --only rates,responses,memory]
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { run } from "../../scripts/lib/run";
import { measureMemory } from "./jobs/memory";
import { measureRates } from "./jobs/rates";
import { measureResponses } from "./jobs/responses";

const PARTS = {
  rates: (quick: boolean) => measureRates(quick ? { rounds: 3, share: 0.25 } : { rounds: 7, share: 1 }),
  responses: (quick: boolean) => measureResponses(quick ? 0.15 : 1),
  memory: (quick: boolean) => measureMemory(quick ? 5000 : 50_000),
} as const;
type Part = keyof typeof PARTS;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", default: Object.keys(PARTS).join(",") },
    },
  });
  const { stdout } = await run("redis-server", ["--version"]);
  const version = /v=(\S+)/.exec(stdout)?.[1] ?? "?";
  console.log(
    `Node ${process.version}, Redis ${version} with appendfsync always, ${cpus().length} cores of ${cpus()[0]?.model}`,
  );
  for (const part of values.only.split(",")) {
    if (!(part in PARTS)) throw new Error(`--only: should be some of ${Object.keys(PARTS).join(", ")}, got ${part}`);
    console.log(`\n${(await PARTS[part as Part](values.quick)).join("\n")}`);
  }
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
