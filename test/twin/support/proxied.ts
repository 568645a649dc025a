import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { type Bundle, pack } from "../../../infra/bundles/bundle";
import { type ProxySettings, proxyBundle } from "../../../infra/bundles/proxy";
import type { TestTwin } from "./twin";

const run = promisify(execFile);
const UNPACK = "d=$(mktemp -d /root/bundle.XXXXXX); cd $d; base64 -d | tar -xz; exec /bin/sh ./apply.sh";

export const SETTINGS: ProxySettings = {
  name: "tiny",
  port: 3000,
  instances: 2,
  healthPath: "/health",
  maxBody: "1mb",
  backend: true,
  domains: [],
  certificates: "public",
};

/** The folder of static files of each side's release. */
export const FILES = { a: "/srv/tiny/releases/one/public", b: "/srv/tiny/releases/two/public" } as const;

/** A machine with the proxy, and with instances of a backend that aren't a release. */
export class Proxied {
  private constructor(
    private readonly twin: TestTwin,
    readonly ip: string,
  ) {}

  static async make(twin: TestTwin, name: string): Promise<Proxied> {
    const { ip } = await twin.server(name);
    return new Proxied(twin, ip);
  }

  run(command: string): Promise<string> {
    return this.twin.ssh(this.ip, command);
  }

  async apply(changes: Partial<ProxySettings> = {}): Promise<string> {
    return this.applyBundle(proxyBundle({ ...SETTINGS, ...changes }));
  }

  async applyBundle(bundle: Bundle): Promise<string> {
    return this.run(`echo ${await pack(bundle)} | (${UNPACK})`);
  }

  /** Puts a file on the machine; its path is relative to this folder. Gives where it lies there. */
  async put(file: string): Promise<string> {
    const text = readFileSync(join(__dirname, file)).toString("base64");
    const target = `/usr/local/lib/${basename(file)}`;
    await this.run(`echo ${text} | base64 -d >${target}`);
    return target;
  }

  /** Both sides with two instances each, of which a is live. */
  async sides(): Promise<void> {
    const options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
    const args = ["-i", this.twin.keyFile, ...options.flatMap((option) => ["-o", option])];
    await run("scp", [...args, process.execPath, `root@${this.ip}:/usr/local/bin/node`]);
    const script = await this.put("instance.cjs");
    const start = (instance: string, port: number) =>
      `systemd-run -q -u ${instance} -p Restart=always -p RestartSec=300ms node ${script} ${instance} ${port}`;
    await this.run(
      [
        "cd /srv && mkdir -p tiny/sides/a tiny/sides/b && touch tiny/sides/a/a tiny/sides/b/b",
        `mkdir -p ${FILES.a} ${FILES.b} && cd tiny`,
        "ln -s ../../releases/one sides/a/release && ln -s ../../releases/two sides/b/release",
        "ln -s live/release current && ln -s releases/one previous && ln -s sides/a live",
        start("a1", 3000),
        start("a2", 3001),
        start("b1", 3008),
        start("b2", 3009),
      ].join(" && "),
    );
  }

  /** The switch, as a change of releases makes it. */
  live(side: "a" | "b"): Promise<string> {
    return this.run(`cd /srv/tiny && ln -s sides/${side} live.new && mv -T live.new live`);
  }
}
