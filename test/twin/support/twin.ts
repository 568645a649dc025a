import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningTwin, startTwin, stopTwin } from "../../../twin/client";
import { LACKS_MACHINES } from "../../support/requires";
import { waitFor } from "../../support/wait-for";
import { Description } from "./description";

const run = promisify(execFile);

export interface Reply {
  readonly status: number;
  // The shapes are checked against Hetzner's description, not by the compiler.
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of many shapes
  readonly body: any;
}

/** A twin of a test file's own, with clients for it. Registered before it is made: it goes whatever happens. */
export class TestTwin {
  readonly token = "token-of-the-tests";
  readonly faults: string[] = [];
  readonly description = Description.load();
  private folder: string | undefined;
  private current: RunningTwin | undefined;

  /** Made when it is first asked for: tests that are skipped leave nothing. */
  get stateDir(): string {
    this.folder ??= mkdtempSync(join(tmpdir(), "queuehost-twin-"));
    return this.folder;
  }

  get running(): RunningTwin {
    if (!this.current) throw new Error("the twin isn't started");
    return this.current;
  }

  get keyFile(): string {
    return join(this.stateDir, "key");
  }

  get publicKey(): string {
    return readFileSync(`${this.keyFile}.pub`, "utf8").trim();
  }

  async start(): Promise<RunningTwin> {
    const port = this.current ? Number(new URL(this.current.endpoint).port) : 0;
    this.current = await startTwin({ stateDir: this.stateDir, port, token: this.token, report: () => undefined });
    return this.current;
  }

  /** One request. Every answer is compared with Hetzner's description, but for those that only a twin gives (501). */
  async call(method: string, path: string, body?: unknown, token = this.token): Promise<Reply> {
    const answer = await fetch(`${this.running.endpoint}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const parsed: unknown = text === "" ? undefined : JSON.parse(text);
    if (this.description && answer.status !== 501) {
      this.faults.push(...this.description.faults(method, path.split("?")[0] ?? "", answer.status, parsed));
    }
    return { status: answer.status, body: parsed };
  }

  /** Says what is sold out, as an operator of the twin: all of it, in place of what was said before. */
  async sellOut(...sold_out: { server_type: string; location: string; listed?: boolean }[]): Promise<Reply> {
    const answer = await fetch(this.running.endpoint.replace(/\/v1$/, "/twin/sold-out"), {
      method: "PUT",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: JSON.stringify({ sold_out }),
    });
    return { status: answer.status, body: await answer.json() };
  }

  /** Says which DNS zones the project has, as an operator of the twin. */
  async setZones(...names: string[]): Promise<number> {
    const { status } = await fetch(this.running.endpoint.replace(/\/v1$/, "/twin/zones"), {
      method: "PUT",
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      body: JSON.stringify({ zones: names.map((name) => ({ name })) }),
    });
    return status;
  }

  /** Waits until actions are over, and throws when one of them failed. */
  async done(...actions: { id: number }[]): Promise<void> {
    await waitFor(
      "the actions' end",
      async () => {
        const query = actions.map(({ id }) => `id=${id}`).join("&");
        const { body } = await this.call("GET", `/actions?${query}`);
        for (const { error, command } of body.actions) if (error) throw new Error(`${command}: ${error.message}`);
        return body.actions.every(({ status }: { status: string }) => status === "success");
      },
      30,
    );
  }

  /** A running server that answers over SSH; `more` goes into the request. */
  async server(name: string, more: object = {}): Promise<{ id: number; ip: string; ip6: string }> {
    const { status, body } = await this.call("POST", "/servers", {
      name,
      server_type: "cx23",
      image: "debian-13",
      location: "nbg1",
      ssh_keys: ["tests"],
      ...more,
    });
    expect(status, JSON.stringify(body)).toBe(201);
    await this.done(body.action, ...body.next_actions);
    const { id, public_net } = body.server;
    const made = { id, ip: public_net.ipv4.ip, ip6: public_net.ipv6?.ip.replace("::/64", "::1") ?? "" };
    await this.booted(made.ip);
    return made;
  }

  /** Runs a command on a machine, as root. */
  async ssh(ip: string, command: string): Promise<string> {
    const options = [
      "BatchMode=yes",
      "StrictHostKeyChecking=no",
      "UserKnownHostsFile=/dev/null",
      "LogLevel=ERROR",
      "ConnectTimeout=10",
      // A machine whose power is gone can't say goodbye; one that has much to do takes its time.
      "ServerAliveInterval=1",
      "ServerAliveCountMax=8",
    ];
    const { stdout } = await run("ssh", [
      ...options.flatMap((option) => ["-o", option]),
      "-i",
      this.keyFile,
      `root@${ip}`,
      command,
    ]);
    return stdout.trim();
  }

  /** Waits until SSH answers and cloud-init is through with its work. */
  async booted(ip: string): Promise<void> {
    const status = () => this.ssh(ip, "cloud-init status --wait || true");
    await waitFor(`ssh to ${ip}`, async () => (await status()).includes("done"), 30);
  }

  makeKey(): void {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", this.keyFile]);
  }
}

/**
 * A twin for all tests of a file, with the key "tests" in its project; and, as the file's last test, that whatever it answered
 * had the shape of Hetzner's description (skipped, by its name, where that file is not to be had).
 */
export function useTwin(tests: (twin: TestTwin) => void): void {
  describe.skipIf(LACKS_MACHINES)("a twin", () => {
    const twin = new TestTwin();
    afterAll(async () => {
      await stopTwin(twin.stateDir, { deleteServers: true });
      rmSync(twin.stateDir, { recursive: true, force: true });
    });
    beforeAll(async () => {
      twin.makeKey();
      await twin.start();
      await twin.call("POST", "/ssh_keys", { name: "tests", public_key: twin.publicKey });
    });
    tests(twin);
    test.skipIf(!twin.description)("every answer had the shape of Hetzner's API description", () => {
      expect(twin.faults).toEqual([]);
    });
  });
}
