import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configKey } from "../../infra/config/typed";
import { sweepGuests } from "../access/guests";
import { UserError } from "../lib/errors";
import { projectName, typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { REHEARSAL } from "../lib/rehearsal";
import { removeCutOffAttributes } from "./attributes";
import { KINDS, type Labelled, labelled } from "./cloud";
import { releaseDeadLock } from "./lock";
import { type Adoption, type Orphans, orphans } from "./orphans";
import { type State, stateOf } from "./state";
import { endStrays } from "./strays";

type Report = (line: string) => void;

/** What the cloud has of a stack, and what its state knows. */
export interface Observed {
  readonly inCloud: readonly Labelled[];
  readonly state: State;
}

export async function observe(pulumi: Pulumi): Promise<Observed> {
  const [inCloud, state] = await Promise.all([labelled(pulumi), stateOf(pulumi)]);
  return { inCloud, state };
}

/**
 * Finishes what an operation that was killed or cut off has left behind: its lock, and what the cloud made and the state never
 * heard of, whose names would be refused as taken. Nothing is deleted.
 *
 * @returns what was there before
 * @throws UserError where somebody is at work on the stack, or something in the cloud can't be taken over
 */
export async function heal(pulumi: Pulumi, report: Report): Promise<Observed> {
  const url = await pulumi.backend();
  if (removeCutOffAttributes(url, pulumi.stack).length > 0)
    report("removed attributes of the state's files that an operation was killed at writing");
  const { inCloud, state } = await observe(pulumi);
  for (const { who } of await sweepGuests(pulumi)) report(`shut out ${who}, whose time to reach ssh is over`);
  const released = await releaseDeadLock(pulumi, url);
  for (const { pid, since } of released)
    report(`released the lock of an operation that was killed (process ${pid}, since ${since})`);
  if (released.length > 0)
    for (const pid of await endStrays(pulumi.stack)) report(`ended its program, which ran on (process ${pid})`);
  const found = orphans(inCloud, state);
  refuse(pulumi.stack, found);
  if (found.adoptions.length > 0) await take(pulumi, found.adoptions, report);
  const { pending } = found.adoptions.length > 0 ? await stateOf(pulumi) : state;
  if (pending.length === 0) return { inCloud, state };
  await pulumi.read(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
  report(
    `cleared ${pending.length === 1 ? "an operation that was" : `${pending.length} operations that were`} cut off`,
  );
  return { inCloud, state };
}

function refuse(stack: string, { strangers }: Orphans): void {
  if (strangers.length === 0) return;
  const lines = strangers.map(({ found: { kind, name, id }, why }) => `  ${KINDS[kind].noun} ${name} (${id}): ${why}`);
  const wayOut =
    stack === REHEARSAL
      ? `Begin the rehearsal anew: ${typed("stop")}, then ${typed("start")}.`
      : `Bring back the state that made them, or let this stack make others, by another name:\n    npx pulumi config set ${configKey("server.name", projectName())} <name> --stack ${stack}`;
  throw new UserError(
    `In the cloud are things with the labels of stack ${stack} that its state doesn't know and that can't be taken over. Nothing was changed.\n${lines.join("\n")}\n${wayOut}`,
  );
}

/** Imports what the program would make, under the names that the program uses. */
async function take(pulumi: Pulumi, adoptions: readonly Adoption[], report: Report): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-import-"));
  try {
    const file = join(folder, "import.json");
    writeFileSync(file, JSON.stringify(importFile(adoptions)));
    await pulumi.read([
      "import",
      "--file",
      file,
      "--yes",
      "--skip-preview",
      "--protect=false",
      "--generate-code=false",
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  for (const { found } of adoptions)
    report(`took over ${KINDS[found.kind].noun} ${found.name} (${found.id}), which an interrupted up had left`);
}

/** What `pulumi import --file` reads. */
export function importFile(adoptions: readonly Adoption[]) {
  const parents = [...new Set(adoptions.map(({ parent }) => parent))];
  const alias = (urn: string) => `parent${parents.indexOf(urn)}`;
  return {
    nameTable: Object.fromEntries(parents.map((urn) => [alias(urn), urn])),
    resources: adoptions.map(({ found, type, name, parent, version }) => ({
      type,
      name: `${found.kind}-${found.id}`,
      logicalName: name,
      id: found.id,
      parent: alias(parent),
      ...(version === undefined ? {} : { version }),
    })),
  };
}
