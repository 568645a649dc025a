// npm run chaos [-- MINUTES] [--seed N]
import { parseArgs } from "node:util";
import { chaos } from "./chaos/chaos";

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { seed: { type: "string", default: String(Date.now() % 100_000) } },
    allowPositionals: true,
  });
  const minutes = Number(positionals[0] ?? 1);
  if (!(minutes > 0)) throw new Error(`minutes: should be a number above 0, got ${positionals[0]}`);
  const outcome = await chaos(minutes * 60, Number(values.seed));
  console.log(outcome);
  const { lost, doubled, invented, unmailed, failed } = outcome;
  if (lost.length + doubled.length + invented.length + unmailed.length + failed > 0) process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
