import * as pulumi from "@pulumi/pulumi";
import type { Prepared } from "../components/release";
import { recordedRelease } from "../config/recorded";
import type { Settings } from "../config/schema";
import { configKey, queuehost } from "../config/typed";
import { settingsDigest } from "./digest";
import { goodRehearsal, isRehearsed, readRecord } from "./record";

/**
 * With `requireRehearsal`, lets an update go on only with what was rehearsed. A preview says so, and goes on.
 *
 * @param folder the project's, which keeps the records
 * @throws pulumi.RunError naming the command
 */
export async function requireRehearsal(settings: Settings, prepared: Prepared, folder: string): Promise<void> {
  if (!settings.requireRehearsal) return;
  const { stack, project } = settings;
  const wanted = { release: prepared.releaseId, settings: settingsDigest(settings) };
  const record = readRecord(folder, stack);
  if (isRehearsed(wanted, settings["app.release"] !== undefined, await recordedRelease(), record)) {
    const { at, failures = 0 } = goodRehearsal(wanted, record) ?? {};
    if (failures > 0)
      void pulumi.log.info(
        `requireRehearsal: in the rehearsal of ${at}, ${failures} jobs were allowed to fail for good`,
      );
    return;
  }
  const message = [
    `requireRehearsal: release ${wanted.release} was not rehearsed with this configuration and this version of queuehost${why(wanted, record)}.`,
    `Rehearse it with the stack's data: ${queuehost(`rehearse --stack ${stack} --from-backup latest`, project)}.`,
    `Where it can't wait: npx pulumi config set ${configKey("requireRehearsal", project)} false --stack ${stack}.`,
  ].join(" ");
  if (pulumi.runtime.isDryRun()) void pulumi.log.warn(`${message} An update is refused until then.`);
  else throw new pulumi.RunError(`${message} Nothing was changed.`);
}

function why({ release, settings }: { release: string; settings: string }, record: ReturnType<typeof readRecord>) {
  const [last] = record.filter((one) => one.release === release);
  if (last === undefined) return "";
  return last.settings === settings
    ? `: the last rehearsal, ${last.at}, was not good`
    : ": the configuration has changed since";
}
