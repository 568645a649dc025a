import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundled } from "../../../support/bundled";
import { Databases, KINDS, newTask } from "../support/stores";
import { KEYS, ORDERED, type Won } from "./racer";

const PROCESSES = 4;
const folder = mkdtempSync(join(tmpdir(), "queuehost-race-"));
const program = join(folder, "racer.cjs");

beforeAll(() => writeFileSync(program, bundled('import "../unit/jobs/store/racer";')), 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing)(`several processes on ${name}${note}`, () => {
    const databases = new Databases(kind);
    beforeAll(() => databases.start(), 60_000);
    afterAll(() => databases.remove());

    test("of those who try the same thing at once exactly one succeeds, and order keys are kept", async () => {
      const place = await databases.place();
      const store = await databases.store(place);
      const number = kind === "sqlite" ? "integer primary key autoincrement" : "bigint generated always as identity";
      await sql`create table race_runs (number ${sql.raw(number)}, task text not null)`.execute(store.db);
      const keys = Array.from({ length: KEYS }, (_, index) => `${index}`);
      const ordered = Array.from({ length: ORDERED }, (_, index) => `${index % 3}-${index}`);
      await store.transaction(async (transaction) => {
        const tasks = keys.flatMap((key) => [newTask(`here-${key}`), newTask(`completed-${key}`)]);
        await store.insertMany(tasks, transaction);
        const more = ordered.map((id) => newTask(id, { type: "ordered", orderKey: id[0] ?? "" }));
        await store.insertMany(more, transaction);
      });

      const all = await Promise.all(Array.from({ length: PROCESSES }, () => run(JSON.stringify(place))));

      const together = (what: keyof Won) => all.flatMap((won) => won[what]);
      for (const what of ["added", "startedHere", "completed", "marked"] as const) {
        expect({ what, keys: together(what).sort() }).toEqual({ what, keys: [...keys].sort() });
      }
      const claimed = together("claimed");
      expect(claimed.length).toBe(new Set(claimed).size);
      expect(claimed).toEqual(expect.arrayContaining(ordered));
      const { rows } = await sql<{ task: string }>`select task from race_runs order by number`.execute(store.db);
      for (const key of ["0", "1", "2"]) {
        const expected = ordered
          .filter((id) => id.startsWith(`${key}-`))
          .flatMap((id) => [`${id} begins`, `${id} ends`]);
        expect(rows.map(({ task }) => task).filter((task) => task.startsWith(`${key}-`))).toEqual(expected);
      }
    }, 60_000);
  });
}

async function run(place: string): Promise<Won> {
  const child = spawn(process.execPath, [program, place], {
    env: { RACE: "yes" },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: 50_000,
  });
  return JSON.parse(await text(child.stdout));
}
