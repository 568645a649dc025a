import { existsSync, mkdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { dependencies, devDependencies } from "../../package.json";
import { engine, unreachable } from "../../twin/docker/engine";
import { Home } from "../engine/home";
import { UserError } from "../lib/errors";
import { BINS, PACKAGE, PROJECT } from "../lib/places";
import { type Ended, run } from "../lib/run";

const STACK = "dev";
/** Of this stack alone, which has nothing to do with servers and holds no secret. */
const STATE = join(PROJECT, ".queuehost", "dev");
const ON_STACK = ["--stack", STACK, "--config-file", join(STATE, `Pulumi.${STACK}.yaml`)];
const PROVIDER = devDependencies["@pulumi/docker"];

/** What the stack `dev` brings. */
export interface Containers {
  readonly redisPort: number;
  /** Address of Redis Commander. */
  readonly commander: string;
}

/**
 * Why the containers can't be had here, in a few words; undefined where they can: a Docker engine answers, Pulumi is there
 * (`queuehost engine` gets it), and so is its provider for Docker, or can be downloaded.
 */
export async function lackOfContainers(): Promise<string | undefined> {
  const away = await unreachable(engine());
  if (away !== undefined) return `Docker: ${away}`;
  const home = new Home();
  if (!existsSync(home.path(home.bin, "pulumi")))
    return `Pulumi ${dependencies.pulumi} isn't there yet: npx queuehost engine gets it`;
  if (existsSync(home.path(home.plugin("docker", PROVIDER)))) return undefined;
  const { exitCode } = await pulumi(["plugin", "install", "resource", "docker", PROVIDER]);
  return exitCode === 0 ? undefined : `Pulumi's provider for Docker, ${PROVIDER}, can't be downloaded`;
}

/**
 * Brings Redis and Redis Commander; what is there stays.
 *
 * @throws UserError with what the engine says
 */
export async function bringContainers(ports: { redis: number; commander: number }): Promise<Containers> {
  await must(["stack", "select", "--create", STACK]);
  await must(["config", "set", "redisPort", String(ports.redis), ...ON_STACK]);
  await must(["config", "set", "commanderPort", String(ports.commander), ...ON_STACK]);
  await must(["up", "--yes", "--skip-preview", ...ON_STACK]);
  return JSON.parse(await must(["stack", "output", "--json", "--stack", STACK]));
}

/** Removes the containers; Redis's data stay in their volume. */
export async function removeContainers(): Promise<void> {
  await must(["destroy", "--yes", "--skip-preview", ...ON_STACK]);
}

async function must(args: readonly string[]): Promise<string> {
  const { exitCode, stdout, output } = await pulumi(args);
  if (exitCode !== 0) throw new UserError(`pulumi ${args.slice(0, 2).join(" ")} failed for stack ${STACK}:\n${output}`);
  return stdout;
}

function pulumi(args: readonly string[]): Promise<Ended> {
  const home = new Home();
  mkdirSync(STATE, { recursive: true, mode: 0o700 });
  return run(home.path(home.bin, "pulumi"), [...args, "--non-interactive"], {
    cwd: join(PACKAGE, "infra", "dev"),
    env: {
      PULUMI_BACKEND_URL: `file://${STATE}`,
      PULUMI_CONFIG_PASSPHRASE: "",
      PATH: [home.path(home.bin), ...BINS, process.env.PATH].join(delimiter),
    },
    // A terminal's Ctrl-C would end the engine in the middle of a step.
    detached: true,
  });
}
