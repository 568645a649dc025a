import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { extraCertificates } from "./certificates";
import { type Mirror, mirror, renderSources } from "./sources";

/** What the machines' images are called in Docker; their tags tell recipes apart. */
export const MACHINE_IMAGE = "queuehost-debian";

/** Everything that decides what is on the disk of a new machine. */
export interface Recipe {
  /** Path -> content, relative to the folder in which setup.sh runs. */
  readonly files: Readonly<Record<string, string>>;
  readonly mirror: Mirror | undefined;
  /** Names the recipe, so that a changed one is made anew and equal ones are shared by all clones on a computer. */
  readonly tag: string;
}

const here = (name: string) => readFileSync(join(__dirname, name), "utf8");

/** The recipe on this computer: the scripts beside this file, its mirror, and the authorities it trusts. */
export async function recipe(): Promise<Recipe> {
  const from = await mirror();
  const files: Record<string, string> = {
    "setup.sh": here("setup.sh"),
    "packages.txt": here("packages.txt"),
    ...(from ? { "sources.list": renderSources(from) } : {}),
    ...Object.fromEntries(extraCertificates().map((pem, index) => [`certificates/extra-${index + 1}.crt`, pem])),
  };
  return { files, mirror: from, tag: `${MACHINE_IMAGE}:13-${digest(files)}` };
}

const digest = (what: unknown) => createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 12);

/** The recipe of a Storage Box, on top of the machines' image of that name. */
export function boxRecipe(machines: string): Pick<Recipe, "files" | "tag"> {
  const files = Object.fromEntries(
    ["setup.sh", "shell.sh", "sshd_config"].map((name) => [name, here(`../boxes/${name}`)]),
  );
  return { files, tag: `queuehost-storage-box:13-${digest({ machines, files })}` };
}
