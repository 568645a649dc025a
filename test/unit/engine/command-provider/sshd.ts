import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { SshConnection } from "../../../../scripts/engine/command-provider";
import { freePort } from "../../../support/free-port";

const PROGRAM = ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].find((path) => existsSync(path));

/** What keeps tests with a real sshd from running here, to be named beside them. */
export const WITHOUT_SSHD = PROGRAM === undefined ? "skipped: no sshd is installed (openssh-server)" : undefined;

/** A real OpenSSH server on loopback with keys of its own, for the user who runs the tests. */
export class Sshd {
  private child: ChildProcess | undefined;

  private constructor(
    readonly folder: string,
    readonly port: number,
  ) {}

  /** A server that isn't running yet. `settings` are further lines of its configuration. */
  static async make(settings: readonly string[] = []): Promise<Sshd> {
    const sshd = new Sshd(mkdtempSync(join(tmpdir(), "sshd-")), await freePort());
    for (const name of ["host", "other-host", "user", "stranger"]) sshd.makeKey(name);
    writeFileSync(sshd.path("banner"), "A banner that no command wrote\n");
    writeFileSync(
      sshd.path("config"),
      [
        `ListenAddress 127.0.0.1:${sshd.port}`,
        `HostKey ${sshd.path("host")}`,
        `AuthorizedKeysFile ${sshd.path("user.pub")}`,
        `Banner ${sshd.path("banner")}`,
        "PidFile none",
        "UsePAM no",
        "StrictModes no",
        "MaxStartups 100",
        "Subsystem sftp internal-sftp",
        ...settings,
        "",
      ].join("\n"),
    );
    return sshd;
  }

  async start(): Promise<this> {
    // Debian's sshd wants this folder; its unit would make it.
    if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
    this.child = spawn(PROGRAM ?? "sshd", ["-D", "-e", "-f", this.path("config")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    const log = this.child.stderr;
    if (log === null) throw new Error("sshd has no log");
    await once(log, "data");
    log.resume();
    return this;
  }

  /** Ends the server and removes its files. Sessions that it serves go on until their commands end. */
  async stop(): Promise<void> {
    if (this.child !== undefined && this.child.exitCode === null) {
      this.child.kill();
      await once(this.child, "exit");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  get connection(): SshConnection & { [key: string]: string | number } {
    return {
      host: "127.0.0.1",
      port: this.port,
      user: userInfo().username,
      privateKey: this.read("user"),
      hostKey: this.read("host.pub").trim(),
      dialErrorLimit: 0,
      perDialTimeout: 10,
    };
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), "utf8");
  }

  makeKey(name: string, passphrase = ""): void {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", this.path(name)]);
  }
}
