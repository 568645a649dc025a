import type { Configured, Pulumi } from "../lib/pulumi";
import type { Finding } from "./finding";

const PREFIX = "queuehost:";

/** What became of a finding: written, or not because the stack says something of its own. */
export interface Written {
  readonly finding: Finding;
  readonly outcome: "new" | "changed" | "same" | "kept";
}

/** Makes the stack where it isn't there yet. @returns whether it did */
export async function ensureStackOf(pulumi: Pulumi): Promise<boolean> {
  if (await pulumi.exists()) return false;
  await pulumi.read(["stack", "init"]);
  return true;
}

/**
 * Writes findings into the stack's configuration, all or none.
 *
 * @param overwrite also where the stack has another value
 */
export async function writeFindings(
  pulumi: Pulumi,
  present: Configured,
  findings: readonly Finding[],
  overwrite: boolean,
): Promise<Written[]> {
  const written = findings.map((finding): Written => {
    const before = present.get(PREFIX + finding.key)?.value || undefined;
    if (before === undefined) return { finding, outcome: "new" };
    // Of secrets that are generated one is as good as another: what is in use stays.
    if (before === finding.value || (finding.secret && !finding.asked)) return { finding, outcome: "same" };
    return { finding, outcome: overwrite || finding.asked ? "changed" : "kept" };
  });
  const due = written.filter(({ outcome }) => outcome === "new" || outcome === "changed").map(({ finding }) => finding);
  const entries = (secret: boolean) =>
    Object.fromEntries(
      due.filter((one) => (one.secret ?? false) === secret).map(({ key, value }) => [PREFIX + key, value]),
    );
  if (due.length > 0) await pulumi.configure(entries(false), entries(true));
  return written;
}
