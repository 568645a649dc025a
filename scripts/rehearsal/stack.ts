import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RunningTwin } from "../../twin/client";
import { removeCutOffAttributes } from "../healing/attributes";
import { UserError } from "../lib/errors";
import { Interrupted, interruptible } from "../lib/interrupt";
import { typed } from "../lib/places";
import { diagnostics, type Pulumi } from "../lib/pulumi";
import type { Rehearsal } from "../lib/rehearsal";
import { rehearse } from "./rehearsed";

const API_TOKENS = "queuehost:env.API_TOKENS";

/**
 * Makes the stack and its configuration where they aren't there yet. What somebody set by hand stays as it is.
 *
 * @param rehearsed the stack whose configuration it is to have, where it isn't the reference application's
 * @param withData whether it is to get that stack's data as well
 */
export async function ensureStack(
  pulumi: Pulumi,
  rehearsal: Rehearsal,
  twin: RunningTwin,
  report: (line: string) => void,
  rehearsed?: Pulumi,
  withData = false,
): Promise<void> {
  // With one of them, pulumi can't say whether there is a stack.
  removeCutOffAttributes(rehearsal.environment.PULUMI_BACKEND_URL, pulumi.stack);
  if (!(await pulumi.exists())) {
    report(`making the stack ${pulumi.stack}`);
    // A file of an earlier rehearsal is encrypted with a passphrase that is gone.
    rmSync(pulumi.configFile, { force: true });
    await pulumi.read(["stack", "init"]);
  }
  rehearsal.writeEnvironment();
  if (rehearsed) await rehearse(rehearsed, pulumi, rehearsal.replaced, report, withData);
  const present: Record<string, { value?: string; secret?: boolean }> = JSON.parse(
    await pulumi.read(["config", "--json"]),
  );
  const publicKey = readFileSync(`${rehearsal.sshKey}.pub`, "utf8").trim();
  const plain = {
    ...missing(present, {
      "queuehost:ssh.allowedFrom": `${twin.operatorAddress}/32`,
      "queuehost:ssh.authorizedKeys": publicKey,
    }),
    // The twin's own to say: it may have been started on another port, or have lost its state.
    ...changed(present, {
      "hcloud:endpoint": twin.endpoint,
      // Storage Boxes are behind an address of their own.
      "hcloud:endpointHetzner": twin.endpoint,
      "queuehost:storageBox.hostKey": twin.boxHostKey,
    }),
  };
  const secrets = missing(present, {
    "hcloud:token": rehearsal.token,
    "queuehost:redis.password": randomBytes(24).toString("hex"),
    // Of the reference application, whose tasks and board nobody sees without one.
    ...(rehearsed ? {} : { [API_TOKENS]: `operator:${randomBytes(24).toString("hex")}` }),
  });
  if (Object.keys(plain).length + Object.keys(secrets).length === 0) return;
  report("writing its configuration");
  await pulumi.configure(plain, secrets);
}

/**
 * Brings the stack up. The engine's whole output goes to a file; what it is at now, to `report`.
 *
 * @throws Interrupted after Ctrl-C, once the engine has ended properly
 */
export async function up(pulumi: Pulumi, rehearsal: Rehearsal, report: (line: string) => void): Promise<void> {
  const log = rehearsal.upLog;
  writeFileSync(log, "", { mode: 0o600 });
  const onLine = (line: string) => {
    appendFileSync(log, `${line}\n`);
    if (!/^(@ |\s*$)/.test(line)) report(line.trim());
  };
  const { child, ended } = await pulumi.start(["up", "--yes", "--skip-preview", "--color", "never"], onLine);
  const interrupted = await interruptible(child, ended, () =>
    report("interrupted: finishing the step that is under way; Ctrl-C again ends it at once"),
  );
  if (interrupted) throw new Interrupted(`Interrupted. ${typed("start")} goes on from here.`);
  const { exitCode, output } = await ended;
  if (exitCode !== 0) {
    // What mends the configuration has to be said to the stack that it comes from.
    const { rehearsed = pulumi.stack } = rehearsal;
    const faults = diagnostics(output).replaceAll(`--stack ${pulumi.stack}`, `--stack ${rehearsed}`);
    throw new UserError(
      `pulumi up failed:\n${faults}\nThe whole output is in ${log}. Mend it and run ${typed("start")} again: it goes on from here.`,
    );
  }
}

const changed = (present: Record<string, { value?: string }>, wanted: Record<string, string>) =>
  Object.fromEntries(Object.entries(wanted).filter(([key, value]) => present[key]?.value !== value));

/** What isn't set yet; a declared key without a default is there as an empty value. */
function missing(present: Record<string, { value?: string; secret?: boolean }>, wanted: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(wanted).filter(([key]) => !present[key]?.secret && (present[key]?.value ?? "") === ""),
  );
}
