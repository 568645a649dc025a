import { expect, test } from "vitest";
import { LogPrinter, LogReader } from "../../../../scripts/ssh/log-line";

const readLine = (text: string, app: string) => new LogReader(app).read(text);
const entry = (more: object) =>
  JSON.stringify({ __REALTIME_TIMESTAMP: "1795345096123456", MESSAGE: "hello", PRIORITY: "6", ...more });

test("an entry of the journal, by its unit, whoever wrote it", () => {
  expect(readLine(entry({ _SYSTEMD_UNIT: "intranet-worker-mail@b2.service" }), "intranet")).toEqual({
    time: new Date(1795345096123),
    process: "worker-mail",
    instance: "b2",
    priority: 6,
    message: "hello",
  });
  const names = [
    { _SYSTEMD_UNIT: "init.scope", UNIT: "intranet-backend@a1.service" },
    { _SYSTEMD_UNIT: "redis-server@queue.service" },
    { _SYSTEMD_UNIT: "caddy.service" },
  ].map((unit) => readLine(entry(unit), "intranet"));
  expect(names.map((line) => [line?.process, line?.instance])).toEqual([
    ["backend", "a1"],
    ["redis-queue", ""],
    ["caddy", ""],
  ]);
});

test("text that the journal gives as numbers or as a list", () => {
  const bytes = [...Buffer.from("grüße")];
  expect(readLine(entry({ MESSAGE: bytes }), "intranet")?.message).toBe("grüße");
  expect(readLine(entry({ MESSAGE: ["one", "two"] }), "intranet")?.message).toBe("one\ntwo");
  expect(readLine(entry({ MESSAGE: null }), "intranet")?.message).toBe("");
});

test("a line of a file of PM2's", () => {
  expect(readLine("\tintranet-worker@a1-error.log\t2026-11-22T10:00:00.123+00:00: a\tb", "intranet")).toEqual({
    time: new Date("2026-11-22T10:00:00.123Z"),
    process: "worker",
    instance: "a1",
    priority: 3,
    message: "a\tb",
  });
});

test("lines of a file without a time have that of the line above them", () => {
  const reader = new LogReader("intranet");
  const file = "\tintranet-worker@a1-error.log\t";
  expect(reader.read(`${file}    at the.end (of/a/trace.js:1)`)).toBeUndefined();
  const first = reader.read(`${file}2026-11-22T10:00:00.123+00:00: Error: no`);
  const second = reader.read(`${file}    at work (worker.js:3)`);
  expect(second).toMatchObject({ time: first?.time, message: "    at work (worker.js:3)" });
});

test("what is no entry is left out", () => {
  for (const text of ["", "-- No entries --", "\tfiles", "{}", "\tx.log\t2026-11-22T10:00:00Z: a"])
    expect(readLine(text, "intranet")).toBeUndefined();
});

test("each row of a text has its head, and steers no terminal", () => {
  const line = readLine(
    entry({ MESSAGE: "one\n\u001b[2Jtwo\r\u009b", _SYSTEMD_UNIT: "intranet-backend@a1.service" }),
    "intranet",
  );
  const printed = line === undefined ? "" : new LogPrinter().text(line);
  expect(printed.split("\n")).toEqual([
    expect.stringMatching(/^backend@a1 \d\d-\d\d \d\d:\d\d:16\.123 {2}one$/),
    expect.stringMatching(/ {2}\\x1b\[2Jtwo\\x0d\\x9b$/),
    "",
  ]);
});
