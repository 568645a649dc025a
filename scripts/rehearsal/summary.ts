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
  const { host, user, hostKey, url, healthPath } = outputs.verification as Subject;
  const knownHosts = join(rehearsal.folder, "known_hosts");
  writeFileSync(knownHosts, `${host} ${hostKey}\n`);
  const relative = (path: string) => path.replace(`${PROJECT}/`, "");
  const rows: [string, string][] = [
    ...(rehearsal.rehearsed === undefined ? [] : [["Stack", rehearsal.rehearsed] satisfies [string, string]]),
    ["Application", url],
    ...(healthPath === undefined ? [] : [["Health", url + healthPath] satisfies [string, string]]),
    ["Release", String(outputs.releaseId)],
    ["Engine", (engine?.parts ?? []).map(({ name, version, source }) => `${name} ${version} (${source})`).join(", ")],
    ["SSH", `ssh -i ${relative(rehearsal.sshKey)} -o UserKnownHostsFile=${relative(knownHosts)} ${user}@${host}`],
    ["Pulumi", `. ${relative(rehearsal.envFile)} && npx pulumi stack --stack ${pulumi.stack}`],
    ["Verify again", typed("verify")],
    ["Tear down", typed("stop")],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `  ${styleText("bold", name.padEnd(width))}  ${value}`);
  return [`The rehearsal is running (${(ms / 1000).toFixed(0)} s):`, ...lines].join("\n");
}
