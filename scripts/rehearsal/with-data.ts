import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Settings } from "../../infra/config/schema";
import { settingsDigest } from "../../infra/rehearsal/digest";
import { version } from "../../package.json";
import { type RunningTwin, startTwin, stopTwin } from "../../twin/client";
import { type Chosen, chooseBackup } from "../backups/choose";
import { type Part, parseBackups, parsePlan, partsOf } from "../backups/records";
import { BackupServer, backupsOf } from "../backups/server";
import { download, upload } from "../backups/transfer";
import { ensureEngine } from "../engine";
import { settingsOf } from "../environment/wanted";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { DATA_REHEARSAL, type Rehearsal } from "../lib/rehearsal";
import { engineUp } from "../release/engine-up";
import { whoami } from "../release/who";
import { verifySubject } from "../verification";
import type { Subject } from "../verification/check";
import { RehearsalMachine } from "./machine";
import { assertStack } from "./rehearsed";
import { assertReplaceable, type Replaced } from "./replaced";
import { differing, faultsOf, isIdle, type Report } from "./report";
import { ensureSshKey } from "./ssh-key";
import { ensureStack } from "./stack";
import { Steps } from "./steps";
import { type Outcome, Tally } from "./tally";
import { setTrap, type Trapped, trappedOf } from "./trapped";

export interface DataOptions {
  /** The backup: `latest`, an id or a date. */
  readonly from: string;
  /** Values of variables for the rehearsal alone, by their keys without a namespace. */
  readonly replaced: Replaced;
  /** Seconds that the workers get, where their queues don't get empty before. */
  readonly seconds: number;
  /** Status with which the trap answers requests over HTTP. */
  readonly answer: number;
  /** How many jobs may fail for good. */
  readonly failures: number;
}

const POLL_MS = 2_000;

/** A rehearsal of a stack with its data: what it needs, and what it has found so far. */
export class DataRehearsal {
  readonly pulumi: Pulumi;
  private readonly other: Pulumi;
  private readonly file: string;
  private readonly steps: Steps;
  private readonly found: {
    release?: string;
    migrated: Report["migrated"];
    differences: Report["differences"];
    queues: Outcome[];
    trapped?: Trapped;
    faults: string[];
  } = { migrated: [], differences: [], queues: [], faults: [] };

  constructor(
    readonly rehearsal: Rehearsal,
    readonly stack: string,
    private readonly options: DataOptions,
  ) {
    this.pulumi = new Pulumi(DATA_REHEARSAL, rehearsal.environment);
    this.other = Pulumi.of(stack);
    this.file = join(rehearsal.folder, "backup.tar");
    this.steps = new Steps(`Ended at once. What is left is deleted by the next rehearsal, or by: ${typed("stop")}`);
  }

  /**
   * @returns what was found; a release that doesn't stand it is a result
   * @throws UserError where it couldn't be tried
   * @throws Interrupted after Ctrl-C
   */
  async run(): Promise<Report> {
    const { steps, stack, options } = this;
    const settings = await steps.step("engine", "engine", async (report) => {
      await ensureEngine(report);
      await assertStack(this.other);
      assertReplaceable(this.other, options.replaced);
      return settingsOf(this.other);
    });
    // Before anything is made of it: the sources may change meanwhile.
    const digest = settingsDigest(withReplaced(settings, options.replaced));
    const chosen = await this.fetch();
    const twin = await this.prepare();
    try {
      await this.tryIt(twin, chosen, settings["postgres.enabled"]);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.found.faults.push(error.message.replaceAll(`--stack ${DATA_REHEARSAL}`, `--stack ${stack}`));
    }
    const trapped = await this.trapped(twin);
    if (trapped?.in_place === false)
      this.found.faults.push("the trap was not in place at the end: what the application sent may have left");
    return {
      stack,
      at: new Date().toISOString(),
      backup: { id: chosen.id, made: chosen.made.toISOString() },
      settings: digest,
      failures: options.failures,
      version,
      replaced: Object.keys(options.replaced),
      seconds: steps.seconds,
      ...this.found,
      ...(trapped && { trapped }),
      ok: this.found.faults.length === 0,
    };
  }

  /** Ends all that it began: the twin with the data, the stack, the files. To be called in any case, but where it is kept. */
  async end(): Promise<void> {
    await endDataRehearsal(this.rehearsal);
    this.steps.end();
  }

  /** Deletes the backup alone, where the machine is kept. */
  leave(): void {
    rmSync(this.file, { force: true });
    this.steps.end();
  }

  private fetch(): Promise<Chosen> {
    return this.steps.step("fetch", `backup of stack ${this.stack}`, async (report) => {
      const server = await backupsOf(this.stack);
      const chosen = chooseBackup(parseBackups(await server.list()), this.options.from);
      report(chosen.id);
      if (chosen.backup === undefined) await server.fetch(chosen.id);
      await download(server, chosen.id, this.file);
      return chosen;
    });
  }

  private prepare(): Promise<RunningTwin> {
    const { rehearsal } = this;
    return this.steps.step("twin", "twin, shut to what the application sends", async (report) => {
      const twin = await startTwin({ stateDir: rehearsal.twinState, port: 0, token: rehearsal.token, report });
      await setTrap(twin, this.options.answer);
      await ensureSshKey(rehearsal);
      rehearsal.keepReplaced(this.options.replaced);
      await ensureStack(this.pulumi, rehearsal, twin, report, this.other, true);
      return twin;
    });
  }

  private async tryIt(twin: RunningTwin, { id }: Chosen, postgres: boolean): Promise<void> {
    const { steps, found } = this;
    const began = Date.now();
    await engineUp(this.pulumi, [], "pulumi up on an empty machine");
    steps.took("up", (Date.now() - began) / 1000);
    const { verification, releaseId } = await this.pulumi.outputs();
    const subject = verification as Subject;
    found.release = String(releaseId);
    const machine = new RehearsalMachine(subject);
    const server = new BackupServer(DATA_REHEARSAL, subject);
    const who = await whoami();

    const parts = await steps.step("restore", `backup ${id} into the machine`, async () => {
      await upload(server, this.file);
      rmSync(this.file);
      const backup = parseBackups(await server.list()).backups.find((one) => one.id === id);
      const there = backup === undefined ? [] : partsOf(backup).filter((part) => part !== "postgres" || postgres);
      await machine.load(id, there, who);
      return there;
    });
    const { dump, migration } = await steps.step("migrate", "migration", async () => {
      const took = await machine.migrate(who);
      found.migrated = await this.differences(server, id, parts);
      return took ?? { dump: 0, migration: 0 };
    });
    delete steps.seconds.migrate;
    steps.took("dump", dump);
    steps.took("migration", migration);

    const tally = new Tally(await machine.time());
    await machine.look(tally);
    await steps.step("start", "application with the data", () => machine.serve(who));
    const took = await steps.step("switch", "switch to the other side", () => machine.switch(who));
    steps.took("switch", took);
    await steps.step("work", `workers, for ${this.options.seconds} s or until nothing waits`, (report) =>
      this.work(machine, tally, report),
    );
    found.differences = await this.differences(server, id, parts);
    found.faults.push(...faultsOf(found.queues, this.options.answer, this.options.failures));
    const red = (await verifySubject(subject, twin.endpoint, twin.token)).filter(({ ok }) => !ok);
    found.faults.push(...red.map(({ concern, name, seen }) => `${concern}: ${name}: ${seen}`));
  }

  /** Lets the workers work, and looks at the result. */
  private async work(machine: RehearsalMachine, tally: Tally, report: (line: string) => void): Promise<void> {
    const deadline = Date.now() + this.options.seconds * 1000;
    // Twice: a job that is due goes on its way a moment later.
    for (let idle = 0; idle < 2 && !this.steps.isInterrupted; await sleep(POLL_MS)) {
      await machine.look(tally);
      const queues = tally.outcomes;
      this.found.queues = queues;
      const sum = (of: (outcome: Outcome) => number) => queues.reduce((all, one) => all + of(one), 0);
      report(`${sum(({ completed }) => completed)} done, ${sum(({ failed }) => failed)} failed`);
      idle = isIdle(queues) ? idle + 1 : 0;
      if (Date.now() > deadline) return;
    }
  }

  private async differences(server: BackupServer, id: string, parts: readonly Part[]) {
    return differing(parsePlan(await server.plan(id, parts)));
  }

  /** Undefined where there is no machine. */
  private async trapped(twin: RunningTwin): Promise<Trapped | undefined> {
    const headers = { authorization: `Bearer ${twin.token}` };
    const { servers } = (await (await fetch(`${twin.endpoint}/servers`, { headers })).json()) as {
      servers: { id: number; status: string }[];
    };
    const machine = servers.find(({ status }) => status === "running");
    return machine && trappedOf(twin, machine.id);
  }
}

/** What was rehearsed is what it ran with. */
function withReplaced(settings: Settings, replaced: Replaced): Settings {
  const values = Object.entries(replaced).map(([key, value]) => [key.replace(/^env\./, ""), value]);
  return { ...settings, env: { ...settings.env, ...Object.fromEntries(values) } };
}

/** Deletes what a rehearsal with data has made, the data first; what isn't there is passed over. */
export async function endDataRehearsal(rehearsal: Rehearsal): Promise<void> {
  rmSync(join(rehearsal.folder, "backup.tar"), { force: true });
  rmSync(join(rehearsal.folder, "backup.tar.part"), { force: true });
  await stopTwin(rehearsal.twinState, { deleteServers: true });
  rmSync(new Pulumi(DATA_REHEARSAL, {}).configFile, { force: true });
  rehearsal.delete();
}
