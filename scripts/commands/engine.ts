import { Command } from "commander";
import { ensureEngine } from "../engine";

/** `queuehost engine`: gets the Pulumi engine alone, for those who go on with plain `npx pulumi`. */
export const engine = new Command("engine")
  .description("get the Pulumi engine and its plugins, so that plain npx pulumi works")
  .option("--json", "print where each part comes from as JSON")
  .action(async ({ json }: { json?: true }) => {
    const report = await ensureEngine(json ? () => {} : undefined);
    console.log(json ? JSON.stringify(report, null, 2) : "The engine is in place: npx pulumi works here.");
  });
