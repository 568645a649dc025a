import type { ChildProcess } from "node:child_process";
import { beforeEach, expect, test, vi } from "vitest";
import { Pulumi } from "../../../../scripts/lib/pulumi";
import { parseStatus } from "../../../../scripts/release/records";
import { send } from "../../../../scripts/release/send";
import * as servers from "../../../../scripts/release/server";
import type { Subject } from "../../../../scripts/verification/check";

const HELD = "queuehost:app.release";

/** A command line with a stack's file that holds a release, and an `up` that ends as it is told. */
class Holding extends Pulumi {
  held: string | undefined = "aaa";
  readonly ups: (readonly string[])[] = [];
  constructor(private readonly exitCode: number) {
    super("staging", {});
  }
  override async run() {
    const config = this.held === undefined ? {} : { [HELD]: { value: this.held } };
    return { exitCode: 0, stdout: JSON.stringify(config), output: "" };
  }
  override async start(args: readonly string[]) {
    this.ups.push(args);
    const ended = Promise.resolve({ exitCode: this.exitCode, stdout: "", output: "Diagnostics:\n  it crashed" });
    return { child: {} as ChildProcess, ended };
  }
  override async configure(plain: Readonly<Record<string, string>>) {
    this.held = plain[HELD];
  }
  override async unset() {
    this.held = undefined;
  }
}

let said: string[];
beforeEach(() => {
  said = [];
});
const say = (line: string) => void said.push(line);

/** What the server says is in service afterwards. */
function inService(id: string) {
  const server = new servers.ReleaseServer("staging", {} as Subject, "aaa");
  server.overview = async () => ({ status: parseStatus(`release=${id}\n`), releases: [], rest: "" });
  vi.spyOn(servers, "findServer").mockResolvedValue(server);
}

test("a release that was held is let go of", async () => {
  const pulumi = new Holding(0);
  await send(pulumi, undefined, undefined, say);
  expect(pulumi.held).toBeUndefined();
  expect(said).toEqual(["app.release held aaa; it is taken out of the stack's file."]);
  expect(pulumi.ups).toHaveLength(1);
});

test("where the new one doesn't get there it stays held, as it stays in service", async () => {
  inService("aaa");
  const pulumi = new Holding(1);
  await expect(send(pulumi, undefined, undefined, say)).rejects.toThrow(
    /^pulumi up failed:\nDiagnostics:\n {2}it crashed\n.*deploy --stack staging goes on from here\.$/,
  );
  expect(pulumi.held).toBe("aaa");
  expect(said.at(-1)).toBe("app.release holds aaa again, which stays in service.");
});

test("where something else failed after the switch, it isn't held again", async () => {
  inService("bbb");
  const pulumi = new Holding(1);
  await expect(send(pulumi, undefined, undefined, say)).rejects.toThrow("it crashed");
  expect(pulumi.held).toBeUndefined();
});
