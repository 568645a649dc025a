import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe } from "vitest";
import { installCommandProvider } from "../../../../scripts/engine/command-provider";
import type { Props } from "../../../../scripts/engine/command-provider/values";
import { type Logged, Provider, urn } from "./client";
import { Sshd, WITHOUT_SSHD } from "./sshd";

export const COMMAND = "command:remote:Command";
export const COPY = "command:remote:CopyToRemote";

/** A provider and a machine that it reaches over SSH: this one, through an sshd of the suite's own. */
export class Remote {
  readonly folder = mkdtempSync(join(tmpdir(), "remote-"));
  /** Where the provider's temporary files are, its keys included: a path with all that has a meaning to OpenSSH. */
  readonly temporary = join(this.folder, "tmp with % and space");
  readonly program = join(this.folder, "resource-command-v1.2.1", "pulumi-resource-command");

  private running: { readonly sshd: Sshd; readonly provider: Provider } | undefined;

  async start(): Promise<void> {
    mkdirSync(this.temporary);
    await installCommandProvider(this.folder);
    const sshd = await Sshd.make(["AcceptEnv PULUMI_COMMAND_STDOUT"]);
    this.running = { sshd: await sshd.start(), provider: await this.startProvider() };
  }

  async stop(): Promise<void> {
    await this.running?.provider.stop();
    await this.running?.sshd.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get provider(): Provider {
    return this.parts.provider;
  }

  get sshd(): Sshd {
    return this.parts.sshd;
  }

  get connection(): Props {
    return this.sshd.connection;
  }

  startProvider(): Promise<Provider> {
    return Provider.start(this.program, { ...process.env, TMPDIR: this.temporary });
  }

  /** Makes a remote command over the suite's connection, unless `inputs` has another. */
  create(inputs: Props, name = "it"): Promise<{ id: string; state: Props }> {
    return this.provider.create(COMMAND, { connection: this.connection, ...inputs }, false, name);
  }

  /** What was logged beside a command. */
  logged(name: string): Logged[] {
    return this.provider.logged.filter((line) => line.urn === urn(COMMAND, name));
  }

  private get parts() {
    if (this.running === undefined) throw new Error("the machine isn't started");
    return this.running;
  }
}

/** A suite with a remote machine; skipped, and saying so in its name, where no sshd is installed. */
export function describeRemote(name: string, tests: (remote: Remote) => void): void {
  describe.skipIf(WITHOUT_SSHD)(WITHOUT_SSHD === undefined ? name : `${name} (${WITHOUT_SSHD})`, () => {
    const remote = new Remote();
    afterAll(() => remote.stop());
    beforeAll(() => remote.start());
    tests(remote);
  });
}
