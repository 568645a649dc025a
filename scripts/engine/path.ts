import { accessSync, closeSync, constants, existsSync, openSync, readSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { answers } from "./faults";
import type { Home } from "./home";
import { namesIn } from "./inspect";
import type { Obstacle, Way } from "./part";
import { VERSIONS } from "./versions";

/**
 * The programs of a Pulumi that is installed already, if it is exactly the pinned version: linked into the home, because the
 * npm package `pulumi` looks there alone.
 *
 * @param searched as `$PATH`
 */
export function fromPath(home: Home, file: string, searched = process.env.PATH ?? ""): Way {
  return {
    source: "path",
    async stage(into): Promise<Obstacle | undefined> {
      const folder = await folderOfPulumi(home, searched);
      if (folder === undefined) return { reason: `there is no pulumi ${VERSIONS.pulumi} on PATH`, absent: true };
      if (!existsSync(join(folder, file)))
        return { reason: `there is no ${file} beside the pulumi in ${folder}`, absent: true };
      for (const name of namesIn(folder).filter((name) => name === "pulumi" || name.startsWith("pulumi-")))
        symlinkSync(join(folder, name), join(into, name));
      return undefined;
    },
  };
}

async function folderOfPulumi(home: Home, searched: string): Promise<string | undefined> {
  for (const folder of searched.split(delimiter).filter(Boolean)) {
    const file = program(join(folder, "pulumi"));
    if (file === undefined || file.startsWith(`${realHome(home)}/`)) continue;
    if ((await answers("version", VERSIONS.pulumi)(file)) === undefined) return dirname(file);
  }
  return undefined;
}

/** The real path of a compiled program; undefined for what isn't there and for scripts such as the npm package's wrapper. */
function program(file: string): string | undefined {
  try {
    accessSync(file, constants.X_OK);
    const real = realpathSync(file);
    return startsWithShebang(real) ? undefined : real;
  } catch {
    return undefined;
  }
}

function startsWithShebang(file: string): boolean {
  const start = Buffer.alloc(2);
  const handle = openSync(file, "r");
  try {
    readSync(handle, start, 0, 2, 0);
  } finally {
    closeSync(handle);
  }
  return start.toString() === "#!";
}

function realHome(home: Home): string {
  return existsSync(home.root) ? realpathSync(home.root) : home.root;
}
