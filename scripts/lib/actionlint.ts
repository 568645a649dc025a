import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Report, withElapsed } from "../../twin/report";
import { PACKAGE } from "./places";
import { run } from "./run";

const VERSION = "1.7.12";

/** No distribution has it; Go's registry does, with a checksum for this version. */
const MODULE = `github.com/rhysd/actionlint/cmd/actionlint@v${VERSION}`;

/** The folder that it is installed into, for PATH. */
export const ACTIONLINT = join(PACKAGE, `node_modules/.cache/actionlint-${VERSION}`);

/**
 * Builds actionlint where it isn't there yet; says why where it can't be.
 *
 * @returns whether it is there
 */
export async function actionlintOrNote(report: Report = console.log): Promise<boolean> {
  if (existsSync(join(ACTIONLINT, "actionlint"))) return true;
  const env = { GOBIN: ACTIONLINT, GOFLAGS: "-mod=mod", CGO_ENABLED: "0" };
  const { exitCode, output } = await withElapsed(report, `building actionlint ${VERSION} from its Go module`, () =>
    run("go", ["install", "-trimpath", MODULE], { cwd: "/", env }),
  );
  if (exitCode !== 0) report(`actionlint couldn't be built with Go: ${output.trim().split("\n").at(-1)}`);
  return exitCode === 0;
}
