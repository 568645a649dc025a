import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Artefact, packArtefact, pruneArtefacts } from "./artefact";
import { outputEntries } from "./contents";
import { ReleaseError } from "./error";
import { digestOf, recall, remember } from "./record";
import { lastLines, run } from "./run";

/** PM2 with all that it depends on and our way to start it, as a file for the server, which has no npm. */
export interface PackedPm2 extends Artefact {
  /** Of PM2. */
  readonly version: string;
}

const RUNTIME = resolve(__dirname, "../../host/pm2/runtime");

/** What packages bring for those who read or build them: nothing of it is loaded. */
const UNUSED =
  /(^|\/)(\.bin|\.github|docs?|examples?|tests?|types|typings|esm|src\/esm)\/|\.(md|map|ts|mts|cts|flow|yml)$|(^|\/)\.[^/]+$/i;

/**
 * Installs what host/pm2/runtime pins from the npm registry, and packs it into `<outDir>/pm2`. Equal wherever it is packed, and
 * packed once for as long as the pins stay.
 *
 * @throws ReleaseError where the registry doesn't give what is pinned
 */
export async function packPm2(outDir: string): Promise<PackedPm2> {
  const folder = join(outDir, "pm2");
  mkdirSync(folder, { recursive: true });
  const files = readdirSync(RUNTIME).sort();
  const inputs = digestOf(UNUSED.source, ...files.map((file) => [file, readFileSync(join(RUNTIME, file), "utf8")]));
  const packed = await recall<PackedPm2>(folder, folder, inputs);
  if (packed) return packed;
  const work = mkdtempSync(join(folder, "work-"));
  try {
    for (const file of files) copyFileSync(join(RUNTIME, file), join(work, file));
    const options = ["--omit=dev", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-bin-links"];
    const { exitCode, output } = await run("npm", ["ci", ...options], { cwd: work });
    if (exitCode !== 0)
      throw new ReleaseError(`processManager: PM2 can't be had from the npm registry:${lastLines(output)}`);
    const entries = outputEntries(work).filter(({ path }) => !UNUSED.test(path));
    const artefact = await packArtefact(work, entries, folder);
    const { version } = JSON.parse(readFileSync(join(work, "node_modules/pm2/package.json"), "utf8"));
    const made = { ...artefact, version: String(version) };
    await remember(folder, inputs, made);
    await pruneArtefacts(folder);
    return made;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
