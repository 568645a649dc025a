import { delimiter } from "node:path";
import { Command } from "commander";
import { ACTIONLINT, actionlintOrNote } from "../lib/actionlint";
import { packagesOrNote } from "../lib/packages";
import { PACKAGE } from "../lib/places";
import { requireAll } from "../lib/require-all";
import { run } from "../lib/run";

/** What `npm run check` runs; all of it, so that one run shows every finding. */
const CHECKS: readonly (readonly [name: string, command: string])[] = [
  ["format, lint and import rules", "biome check --error-on-warnings ."],
  ["types", "tsc"],
  ["dead files, exports and dependencies", "knip"],
  ["shell scripts", "shellcheck -x -P SCRIPTDIR $(git ls-files '*.sh' .ci/run)"],
  ["workflows", "actionlint $(git ls-files '*.github/workflows/*.yml')"],
  ["shell format", "shfmt -d -i 2 -ci $(git ls-files '*.sh' .ci/run)"],
];

/** `queuehost check`: everything that can be said of the sources without running them. */
export const check = new Command("check")
  .description("format, lint, types, dead code, shell scripts and workflows, all findings in one run")
  .addOption(requireAll())
  .action(async ({ requireAll }: { requireAll?: true }) => {
    const missing = await packagesOrNote(["shellcheck", "shfmt"]);
    if (!(await actionlintOrNote())) missing.push("actionlint");
    let failed = 0;
    for (const [name, command] of CHECKS) {
      if (missing.some((tool) => command.startsWith(tool))) {
        console.log(`${requireAll ? "FAILED  " : "skipped "} ${name}: ${command.split(" ")[0]} is not installed`);
        if (requireAll) failed += 1;
        continue;
      }
      const started = Date.now();
      const { exitCode, output } = await run("sh", ["-c", command], {
        cwd: PACKAGE,
        preferLocal: true,
        env: {
          PATH: [ACTIONLINT, process.env.PATH].join(delimiter),
          ...(process.stdout.isTTY ? {} : { NO_COLOR: "1" }),
        },
      });
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${exitCode === 0 ? "ok      " : "FAILED  "} ${name} (${seconds} s)`);
      if (exitCode !== 0) {
        failed += 1;
        console.log(output);
      }
    }
    if (failed > 0) process.exitCode = 1;
  });
