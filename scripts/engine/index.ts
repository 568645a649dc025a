import { ensureParts } from "./ensure";
import { Home } from "./home";
import type { PartName, Source } from "./part";
import { partsOf } from "./parts";
import { type Report, terminal } from "./progress";

export type { PartName, Report, Source };

/** What the engine consists of here, and where it came from. */
export interface EngineReport {
  /** `$PULUMI_HOME`. */
  readonly home: string;
  /** The command line. Its folder has to come first on PATH, as the npm package `pulumi` does it: the language host is beside it. */
  readonly pulumi: string;
  readonly parts: readonly EnginePart[];
}

export interface EnginePart {
  readonly name: PartName;
  readonly version: string;
  readonly source: Source;
  readonly file: string;
  /** Whether it was put there by this call. */
  readonly fresh: boolean;
}

/**
 * Gets the Pulumi engine: command line, language host and the two providers, each from where it is to be had. Afterwards plain
 * `npx pulumi` works, and nothing of it is downloaded any more. With everything in place it takes a third of a second, in which
 * every file is checked.
 *
 * @param report takes lines about what is being done; by default they go to stderr, on a terminal as one live line
 * @throws NotToBeHad saying what to install, where neither a download nor Go is to be had
 * @throws UserError where it could be had and something is wrong with it
 */
export async function ensureEngine(report?: Report): Promise<EngineReport> {
  const home = new Home();
  const shown = report ? { report, end: () => {} } : terminal();
  try {
    const placed = await ensureParts(home, partsOf(home), shown.report);
    return {
      home: home.root,
      pulumi: home.path(home.bin, "pulumi"),
      parts: placed.map(({ part, source, fresh }) => ({
        name: part.name,
        version: part.version,
        source,
        file: home.path(part.folder, part.file),
        fresh,
      })),
    };
  } finally {
    shown.end();
  }
}
