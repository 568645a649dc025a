import { expect, test } from "vitest";
import { run } from "../../scripts/lib/run";

test("a failure is a result with all that was said, also where lines are read as they come", async () => {
  const lines: string[] = [];
  const failing = ["-c", "echo one; echo two >&2; exit 3"];
  expect(await run("sh", failing)).toMatchObject({ exitCode: 3, output: "one\ntwo" });
  const watched = await run("sh", failing, {}, (line) => lines.push(line));
  expect(watched.exitCode).toBe(3);
  expect(watched.output.split("\n").sort()).toEqual(["one", "two"]);
  expect(lines.sort()).toEqual(["one", "two"]);
});

test("the process is handed over while it runs", async () => {
  const end = (child: { kill(signal: "SIGTERM"): void }) => child.kill("SIGTERM");
  const { exitCode } = await run("sleep", ["30"], {}, () => {}, end);
  expect(exitCode).toBeUndefined();
});

test("what can't be started says so", async () => {
  expect(await run("no-such-program", [])).toMatchObject({
    exitCode: undefined,
    output: expect.stringContaining("no-such-program"),
  });
});
