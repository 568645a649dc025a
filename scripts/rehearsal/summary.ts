import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { styleText } from "node:util";
import type { EngineReport } from "../engine";
import { PROJECT, typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import type { Rehearsal } from "../lib/rehearsal";
import type { Subject } from "../verification/check";

/** Where to look, once everything is running. */
export async function summary(
  pulumi: Pulumi,
  rehearsal: Rehearsal,
  engine: EngineReport | undefined,
  ms: number,
): Promise<string> {
  const outputs = await pulumi.outputs();
  const { url, healthPath } = outputs.verification as Subject;
  const rows: [string, string][] = [
    ...(rehearsal.rehearsed === undefined ? [] : [["Stack", rehearsal.rehearsed] satisfies [string, string]]),
    ["Application", url],
    ...(healthPath === undefined ? [] : [["Health", url + healthPath] satisfies [string, string]]),
    ...(rehearsal.rehearsed === undefined ? tasks(url, pulumi, rehearsal) : []),
    ["Release", String(outputs.releaseId)],
    ["Engine", (engine?.parts ?? []).map(({ name, version, source }) => `${name} ${version} (${source})`).join(", ")],
    ["SSH", sshTo(outputs.verification as Subject, rehearsal)],
    ["Pulumi", `${inItsEnvironment(rehearsal)} npx pulumi stack --stack ${pulumi.stack}`],
    ["Verify again", typed("verify")],
    ["Tear down", typed("stop")],
  ];
  return [`The rehearsal is running (${(ms / 1000).toFixed(0)} s):`, ...lines(rows)].join("\n");
}

/** How to look at the machine of a rehearsal with data, and how to end it. */
export async function lookAround(pulumi: Pulumi, rehearsal: Rehearsal): Promise<string> {
  const { verification } = await pulumi.outputs();
  if (verification === undefined) return `There is no machine to look at. The rest is deleted by: ${typed("stop")}`;
  const subject = verification as Subject;
  const rows: [string, string][] = [
    ["Application", subject.url],
    ["SSH", sshTo(subject, rehearsal)],
    ["Tear down", typed("stop")],
  ];
  return ["The machine is kept, with the data on it:", ...lines(rows)].join("\n");
}

/** The reference application's pages for operators. The token isn't printed, only how to: what a terminal shows stays in its logs. */
function tasks(url: string, pulumi: Pulumi, rehearsal: Rehearsal): [string, string][] {
  const get = `npx pulumi config get env.API_TOKENS --stack ${pulumi.stack} | cut -d : -f 2`;
  return [
    ["Tasks, board", `${url}/tasks ${url}/admin/queues`],
    ["Their token", `${inItsEnvironment(rehearsal)} ${get}`],
  ];
}

const inItsEnvironment = ({ envFile }: Rehearsal) => `. ${relative(envFile)} &&`;
const relative = (path: string) => path.replace(`${PROJECT}/`, "");

function sshTo({ host, user, hostKey }: Subject, { folder, sshKey }: Rehearsal): string {
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `${host} ${hostKey}\n`);
  return `ssh -i ${relative(sshKey)} -o UserKnownHostsFile=${relative(knownHosts)} ${user}@${host}`;
}

function lines(rows: readonly [string, string][]): string[] {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${styleText("bold", name.padEnd(width))}  ${value}`);
}
