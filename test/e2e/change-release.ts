import type { Deployment } from "../support/deployment";
import { APPS, type AppName } from "./apps";

/**
 * Makes the next `up` bring another release: what is built has one file more.
 *
 * @param besides what else the build does, in the application's folder
 */
export async function setRelease(deployment: Deployment, app: AppName, word: string, besides?: string): Promise<void> {
  const { build, built } = APPS[app];
  const commands = [build, `echo '${word}' >${built}/word.txt`, ...(besides === undefined ? [] : [besides])];
  await deployment.configure({ "app.build": commands.join(" && ") });
}

/** The release that is in service on the server. */
export async function releaseOf(deployment: Deployment): Promise<string> {
  return await deployment.onServer("basename $(readlink -f /srv/*/current)");
}
