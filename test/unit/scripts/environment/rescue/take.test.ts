import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseBackups } from "../../../../../scripts/backups/records";
import type { BackupServer } from "../../../../../scripts/backups/server";
import { Kept } from "../../../../../scripts/environment/rescue/note";
import { take } from "../../../../../scripts/environment/rescue/take";
import { UserError } from "../../../../../scripts/lib/errors";
import { Interrupted } from "../../../../../scripts/lib/interrupt";

const [LAST, OLDER] = ["20261122-030004", "20261121-030004"];
const screen = { say: () => {}, stdout: 2 } as const;

let project: string;
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "queuehost-take-"));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

/** A server that does what it is told, and writes down what that was; `fails` is what it can't do. */
function leaving(fails?: string, error: Error = new UserError(`it can't ${fails}`), shipped = LAST) {
  const done: string[] = [];
  const does = (what: string, result: string) => async () => {
    done.push(what);
    if (what === fails) throw error;
    return result;
  };
  const server = {
    last: does("stop", LAST),
    undoLast: does("start", ""),
    ship: does("ship", shipped),
    transfer: async (_: string, [id = ""]: string[], file: string) => {
      await does(`send ${id}`, "")();
      writeFileSync(file, id);
      return "";
    },
  } as unknown as BackupServer;
  const left = { server, address: "203.0.113.7", listed: parseBackups(`away\t${OLDER}\tabc\t1\there\n`) };
  return { left, done };
}

test("without a place off the server it comes to this computer, and so does one that was named", async () => {
  const kept = new Kept("staging", project);
  const { left, done } = leaving();
  const note = await take(left, "42", { place: undefined, answers: true, last: true, id: OLDER }, kept, screen);
  expect(done).toEqual(["stop", `send ${LAST}`, `send ${OLDER}`]);
  expect(note).toMatchObject({ server: "42", address: "203.0.113.7", id: OLDER, files: [LAST, OLDER] });
  expect(kept.read()).toEqual(note);
  expect(readFileSync(kept.tar(LAST), "utf8")).toBe(LAST);
});

test("with one it goes there, and nothing comes to this computer that is there already", async () => {
  const { left, done } = leaving();
  const source = { place: "storage-box", answers: true, last: true, id: OLDER };
  expect(await take(left, "42", source, new Kept("staging", project), screen)).toMatchObject({ files: [] });
  expect(done).toEqual(["stop", "ship"]);
});

test.each([
  ["ship", "storage-box"],
  [`send ${LAST}`, undefined],
])("where it can't %s, the application is started again and nothing is begun", async (fails, place) => {
  const kept = new Kept("staging", project);
  const { left, done } = leaving(fails);
  await expect(take(left, "42", { place, answers: true, last: true }, kept, screen)).rejects.toThrow(
    `it can't ${fails}\nNothing was deleted, and the application is in service again.`,
  );
  expect(done).toEqual(["stop", fails, "start"]);
  expect(kept.read()).toBeUndefined();
  expect(existsSync(`${kept.tar(LAST)}.part`)).toBe(false);
});

test("interrupted while the application ends, it is started again", async () => {
  const { left, done } = leaving("stop", new Interrupted("Interrupted."));
  await expect(
    take(left, "42", { place: undefined, answers: true, last: true }, new Kept("staging", project), screen),
  ).rejects.toThrow(/^Interrupted\.\nNothing was deleted, and the application is in service again\.$/);
  expect(done).toEqual(["stop", "start"]);
});

test("what refuses to stop needn't be started again", async () => {
  const { left, done } = leaving("stop");
  await expect(
    take(left, "42", { place: undefined, answers: true, last: true }, new Kept("staging", project), screen),
  ).rejects.toThrow(/^A last backup can't be made: it can't stop\nNothing was deleted\..* --without-last as well\.$/);
  expect(done).toEqual(["stop"]);
});

test("an older one at the place isn't it", async () => {
  const { left, done } = leaving(undefined, undefined, OLDER);
  await expect(
    take(left, "42", { place: "storage-box", answers: true, last: true }, new Kept("staging", project), screen),
  ).rejects.toThrow(`backup ${LAST} didn't get to storage-box; ${OLDER} did`);
  expect(done).toEqual(["stop", "ship", "start"]);
});

test("without a last one the application goes on, and the one that was chosen is made safe", async () => {
  const { left, done } = leaving();
  const source = { place: "storage-box", answers: true, last: false, id: LAST };
  expect(await take(left, "42", source, new Kept("staging", project), screen)).toMatchObject({
    id: LAST,
    files: [LAST],
  });
  expect(done).toEqual([`send ${LAST}`]);
});
