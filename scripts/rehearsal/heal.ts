import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningTwin } from "../../twin/client";
import { UserError } from "../lib/errors";
import { isRunning } from "../lib/process.cjs";
import type { Pulumi } from "../lib/pulumi";
import type { Rehearsal } from "../lib/rehearsal";

type Report = (line: string) => void;

interface State {
  deployment: { resources?: { id?: string; type: string }[]; pending_operations?: unknown[] };
}

/** What the program makes in the cloud, by its name in the API; servers first, since they use the others. */
const KINDS = ["servers", "firewalls", "ssh_keys"] as const;

/**
 * Finishes what an `up` that was killed or cut off left behind: its lock, and resources that the twin made and the state never
 * heard of, whose names would be refused as taken. Only for the rehearsal, where everything may be deleted.
 */
export async function heal(pulumi: Pulumi, rehearsal: Rehearsal, twin: RunningTwin, report: Report): Promise<void> {
  if (lockHolders(pulumi, rehearsal).length > 0) {
    await pulumi.read(["cancel", "--yes"]);
    report("released the lock of an up that was killed");
  }
  const { deployment }: State = JSON.parse(await pulumi.read(["stack", "export"]));
  const known = new Set((deployment.resources ?? []).map(({ id, type }) => `${type} ${id}`));
  for (const kind of KINDS) await deleteUnknown(kind, known, pulumi.stack, twin, report);
  if ((deployment.pending_operations ?? []).length > 0)
    await pulumi.read(["refresh", "--yes", "--skip-preview", "--clear-pending-creates"]);
}

/**
 * The processes that hold the stack's lock.
 *
 * @throws UserError when one of them is alive
 */
function lockHolders({ stack }: Pulumi, { backend }: Rehearsal): number[] {
  const folder = join(backend, ".pulumi/locks/organization/queuehost", stack);
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  const pids = files.map((name): number => JSON.parse(readFileSync(join(folder, name), "utf8")).pid);
  const alive = pids.find(isRunning);
  if (alive !== undefined)
    throw new UserError(
      `pulumi (process ${alive}) is still at work on stack ${stack}. Wait for it to end, then run this again.`,
    );
  return pids;
}

const TYPES = {
  servers: "hcloud:index/server:Server",
  firewalls: "hcloud:index/firewall:Firewall",
  ssh_keys: "hcloud:index/sshKey:SshKey",
};

async function deleteUnknown(
  kind: (typeof KINDS)[number],
  known: ReadonlySet<string>,
  stack: string,
  { endpoint, token }: RunningTwin,
  report: Report,
): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${endpoint}/${kind}?label_selector=stack%3D${stack}`, { headers });
  if (!response.ok) throw new Error(`the twin answered ${response.status} to a list of ${kind}`);
  const answer = (await response.json()) as Record<string, { id: number; name: string }[]>;
  for (const { id, name } of answer[kind] ?? []) {
    if (known.has(`${TYPES[kind]} ${id}`)) continue;
    const one = `${endpoint}/${kind}/${id}`;
    const deleted = await fetch(one, { method: "DELETE", headers });
    if (!deleted.ok) throw new Error(`the twin refused to delete ${kind} ${name} (${id}): ${await deleted.text()}`);
    await until(`${kind} ${id} to be gone`, async () => (await fetch(one, { headers })).status === 404);
    report(`deleted ${kind} ${name} (${id}), which an interrupted up had left`);
  }
}

async function until(what: string, probe: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 150; tries += 1) {
    if (await probe()) return;
    await sleep(200);
  }
  throw new Error(`waited 30 s for ${what}`);
}
