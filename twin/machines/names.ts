import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";

/** What this twin's things are called in Docker and in the kernel, so that two twins on one computer never meet. */
export interface Names {
  /** Six hex digits from the path of the state folder: a twin whose state was deleted finds its leftovers again. */
  readonly id: string;
  readonly network: string;
  /** At most 15 characters, as the kernel wants. */
  readonly bridge: string;
  readonly table: string;
  /** The label that every container and network of this twin carries. */
  readonly label: string;
  container(server: number): string;
  box(box: number): string;
}

export function names(stateDir: string): Names {
  const id = createHash("sha256").update(realpathSync(stateDir)).digest("hex").slice(0, 6);
  return {
    id,
    network: `queuehost-${id}`,
    bridge: `qh-${id}`,
    table: `queuehost_${id}`,
    label: `queuehost.twin=${id}`,
    container: (server) => `queuehost-${id}-${server}`,
    box: (box) => `queuehost-${id}-box-${box}`,
  };
}
