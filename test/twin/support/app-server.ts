import { type AppProcess, type AppSettings, appBundle } from "../../../infra/bundles/app";
import { type Bundle, pack } from "../../../infra/bundles/bundle";
import { envBundle } from "../../../infra/bundles/env";
import { nodeRuntime } from "../../../infra/release";
import { quote } from "../../../scripts/verification/script";
import type { TinyRelease } from "./tiny-app";
import type { TestTwin } from "./twin";

const NAME = "tiny";
const UNPACK = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";

/** Needs quotes in the file, and an encoding in a URL. */
export const PASSWORD = "it's correct/horse";
/** As it stands in REDIS_URL. */
export const ENCODED_PASSWORD = "it%27s%20correct%2Fhorse";

export const runtime = nodeRuntime(process.arch === "arm64" ? "arm64" : "x64");

/** One instance of a process, with the usual limits. */
export const processOf = (name: string, command: string, changes: Partial<AppProcess> = {}): AppProcess => ({
  name,
  command,
  instances: 1,
  memory: "256mb",
  cpuWeight: 100,
  stopTimeoutSec: 10,
  ...changes,
});

/** The two backends and the worker of a tiny release. */
export const PROCESSES: AppSettings["processes"] = [
  processOf("backend", "node backend.js", { instances: 2 }),
  processOf("worker", "node worker.js"),
];

export function envOf(extra: Record<string, string> = {}, name = NAME): Bundle {
  return envBundle({
    name,
    port: 3000,
    nodeEnv: "production",
    redisHost: "127.0.0.1",
    redisPort: 6379,
    redisPassword: PASSWORD,
    redisDb: 0,
    redisCachePort: 6380,
    queueEnabled: true,
    queueConcurrency: 5,
    queuePrefix: NAME,
    extra,
  });
}

export function appOf({ id, sha256 }: TinyRelease, changes: Partial<AppSettings> = {}): Bundle {
  return appBundle({
    name: NAME,
    port: 3000,
    healthPath: "/health",
    healthTimeoutSec: 8,
    nodeVersion: runtime.version,
    nodeUrl: runtime.url,
    nodeSha512: runtime.sha512,
    release: id,
    sha256,
    folder: "",
    manager: "systemd",
    processes: PROCESSES,
    keepReleases: 5,
    packages: [],
    folders: [],
    queuePrefix: NAME,
    postgres: false,
    watch: { seconds: 0, failures: 10, wait: 5 },
    ...changes,
  });
}

/** A machine that the application `tiny` is deployed to, as the engine would. */
export class AppServer {
  private constructor(
    private readonly twin: TestTwin,
    readonly ip: string,
  ) {}

  static async make(twin: TestTwin, name: string): Promise<AppServer> {
    const { ip } = await twin.server(name);
    const server = new AppServer(twin, ip);
    await server.run("useradd --create-home deploy");
    return server;
  }

  run(command: string): Promise<string> {
    return this.twin.ssh(this.ip, command);
  }

  async apply(bundle: Bundle): Promise<string> {
    return this.run(`echo ${await pack(bundle)} | (${UNPACK})`);
  }

  async upload({ id, artefact }: TinyRelease): Promise<void> {
    const file = `/srv/${NAME}/incoming/${id}.tar.gz`;
    await this.run(`rm -f ${file}`);
    // An argument of Linux holds 128 KiB.
    for (const part of artefact.toString("base64").match(/.{1,100000}/g) ?? [])
      await this.run(`echo ${part} | base64 -d >>${file}`);
  }

  async deploy(release: TinyRelease, changes: Partial<AppSettings> = {}): Promise<string> {
    await this.upload(release);
    return this.apply(appOf(release, changes));
  }

  /** A verb of the server's own script. */
  release(...words: string[]): Promise<string> {
    return this.run(`/opt/queuehost/app/release ${words.map(quote).join(" ")}`);
  }

  /** What the first backend of the live side says: its folder, by which it is told from that of another release, and its motto. */
  async health(): Promise<object> {
    return JSON.parse(await this.run(". /srv/tiny/live/env; curl -sS http://127.0.0.1:$PORT/health"));
  }

  /** The side that is live. */
  side(): Promise<string> {
    return this.run("basename $(readlink /srv/tiny/live)");
  }

  /** What runs of it, each process with its number: `tiny-backend@a1 412`, sorted. */
  async processes(): Promise<string[]> {
    const units = "$(systemctl list-units --plain --no-legend --state=active 'tiny-*' | cut -d ' ' -f 1)";
    const shown = await this.run(`for unit in ${units}; do echo $unit $(systemctl show -P MainPID $unit); done`);
    return shown.replaceAll(".service", "").split("\n").sort();
  }

  /** The names of what runs, once what was asked to end has ended. */
  async running(): Promise<string> {
    const ending = "systemctl list-units --plain --no-legend --state=deactivating 'tiny-*'";
    await this.run(`for i in $(seq 150); do [ -n "$(${ending})" ] || break; sleep 0.1; done`);
    return (await this.processes()).map((line) => line.split(" ")[0]).join(" ");
  }
}

/** What a failing attempt writes to stderr; where it succeeds, something that no test expects. */
export function faultOf(attempt: Promise<string>): Promise<string> {
  return attempt.then(
    (output) => `no fault: ${output}`,
    (error: { stderr: string }) => error.stderr.trim(),
  );
}
