import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { Command, Option } from "commander";
import { bringContainers, lackOfContainers, removeContainers } from "../dev/containers";
import { UserError } from "../lib/errors";
import { unlessInterrupted } from "../lib/interrupt";
import { PACKAGE } from "../lib/places";

interface Options {
  readonly redis: "auto" | "container" | "local";
}

const APP = join(PACKAGE, "app");
const PORTS = { redis: 6379, commander: 8081 };

/** `npm run dev`: the reference application with all it needs, started anew on every change. */
export const dev = new Command("dev")
  .description("run the reference application with Redis and a mail server for development, reloading on changes")
  .addOption(
    new Option(
      "--redis <where>",
      "a container (stack dev: Redis 7 and Redis Commander), a redis-server of this machine, or whichever can be had",
    )
      .choices(["auto", "container", "local"])
      .default("auto"),
  )
  .addHelpText("after", "\nWhere REDIS_HOST or REDIS_PORT is set, that Redis is used.\nCtrl-C ends all of it.")
  .action(async ({ redis }: Options) => {
    const isElsewhere = Boolean(
      process.env.REDIS_HOST || process.env.REDIS_PORT || process.env.QUEUE_ENABLED === "false",
    );
    let hasContainers = false;
    const bring = async () => {
      hasContainers = redis !== "local" && !isElsewhere && (await startContainers(redis === "container"));
    };
    try {
      await unlessInterrupted("Interrupted.", bring());
      process.exitCode = await runApplication();
    } finally {
      if (hasContainers) {
        console.log("Removing the containers; Redis's data stay in the volume queuehost-dev-redis.");
        await unlessInterrupted("The containers are removed.", removeContainers());
      }
    }
  });

/** @returns whether they were brought */
async function startContainers(isWanted: boolean): Promise<boolean> {
  const lack = await lackOfContainers();
  if (lack !== undefined) {
    if (isWanted) throw new UserError(`--redis container: can't be had here. ${lack}`);
    console.log(`No container of Redis (${lack}); a redis-server of this machine instead.`);
    return false;
  }
  console.log("Bringing the stack dev: Redis and Redis Commander in containers ...");
  try {
    const { redisPort, commander } = await bringContainers(PORTS);
    process.env.REDIS_PORT = String(redisPort);
    console.log(`Redis Commander: ${commander} (admin, password)`);
    return true;
  } catch (error) {
    // Half of it, such as the network without its containers.
    await removeContainers().catch(() => {});
    if (isWanted || !(error instanceof UserError)) throw error;
    console.log(`No container of Redis; a redis-server of this machine instead. ${error.message}`);
    return false;
  }
}

/** In the application's own folder, as its own `npm run dev` does. @returns its exit code */
async function runApplication(): Promise<number> {
  const child = spawn(process.execPath, ["--import", "tsx", "dev/main.ts"], { cwd: APP, stdio: "inherit" });
  // It ends what it started, and then itself; a terminal's Ctrl-C has reached it already, which it knows.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, "exit");
  return code ?? 1;
}
