import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SettingsInvalid } from "../../../../app/jobs/errors";
import { openStore } from "../../../../app/jobs/store/open";
import { type Store, StoreUnavailable } from "../../../../app/jobs/store/store";
import { waitFor } from "../../../support/wait-for";
import { PostgresServer, postgres } from "../support/postgres";
import { Databases, KINDS, newTask } from "../support/stores";

for (const { kind, name, missing, note } of KINDS) {
  describe.skipIf(missing)(`opening on ${name}${note}`, () => {
    const databases = new Databases(kind);
    beforeAll(() => databases.start(), 60_000);
    afterAll(() => databases.remove());

    test("processes that start at once make the tables once", async () => {
      const place = await databases.place();
      const stores = await Promise.all(Array.from({ length: 6 }, () => databases.store(place)));
      await Promise.all(stores.map((store, index) => store.insert(newTask(`t${index}`))));
      expect((await stores[0]?.list({}))?.total).toBe(6);
      const { rows } = await sql`select number from jobs_migrations order by number`.execute((stores[0] as Store).db);
      expect(rows).toEqual([1, 2, 3, 4, 5].map((number) => ({ number })));
    });

    test("a database of a later release is used as it is", async () => {
      const place = await databases.place();
      const store = await databases.store(place);
      await sql`insert into jobs_migrations (number, applied_at) values (1000, 1)`.execute(store.db);
      await sql`alter table jobs_tasks add column later text`.execute(store.db);
      const older = await databases.store(place);
      await older.insert(newTask("a"));
      expect(await store.find("a")).toMatchObject({ id: "a", status: "waiting" });
    });

    test("the application's own tables are in the same transactions", async () => {
      const store = await databases.store();
      const db = store.db.withTables<{ orders: { id: string } }>();
      await db.schema.createTable("orders").addColumn("id", "text").execute();
      const failing = store.transaction(async (transaction) => {
        await transaction.withTables<{ orders: { id: string } }>().insertInto("orders").values({ id: "a" }).execute();
        await store.insert(newTask("a"), transaction);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(await db.selectFrom("orders").selectAll().execute()).toEqual([]);
      expect(await store.find("a")).toBeUndefined();
    });
  });
}

describe("a SQLite file", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "queuehost-store-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("is refused where no folder can be made", async () => {
    const opening = openStore({ databaseUrl: undefined, stateDir: "/proc/nowhere/state" });
    await expect(opening).rejects.toThrow("STATE_DIR: should be a folder in which this user may write /proc/nowhere/");
  });

  test("needs a Node that has SQLite, and says so", async () => {
    const outfile = join(folder, "open.cjs");
    const contents = 'import { openStore } from "./app/jobs/store/open"; openStore({ stateDir: "." });';
    await build({
      stdin: { contents, resolveDir: process.cwd() },
      ...{ outfile, bundle: true, platform: "node", external: ["pg-native"] },
    });
    const { stderr } = spawnSync(process.execPath, ["--no-experimental-sqlite", outfile], { encoding: "utf8" });
    expect(stderr).toContain(`needs Node 22.13 or newer (node:sqlite), got ${process.version}`);
  });

  const open = (stateDir: string) => openStore({ stateDir, databaseUrl: undefined });

  test("is made with its folder, and is no other user's to read", async () => {
    const store = await open(join(folder, "new", "state"));
    await store.insert(newTask("a"));
    for (const file of ["jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm"]) {
      expect(statSync(join(folder, "new", "state", file)).mode & 0o777 & ~0o640).toBe(0);
    }
    await store.close();
  });

  test("waits, without stopping the process, while another one writes", async () => {
    const [one, other] = await Promise.all([open(join(folder, "shared")), open(join(folder, "shared"))]);
    const gate = Promise.withResolvers<void>();
    const writing = one.transaction(async (transaction) => {
      await one.insert(newTask("a"), transaction);
      await gate.promise;
    });
    await waitFor("the transaction", async () => (await other.find("a")) === undefined);
    let ticks = 0;
    const ticking = setInterval(() => {
      ticks += 1;
    }, 1);
    const second = other.insert(newTask("b"));
    await waitFor("a process that goes on", () => ticks > 20);
    expect(await other.find("b")).toBeUndefined();
    gate.resolve();
    await writing;
    expect((await second).isNew).toBe(true);
    clearInterval(ticking);
    await Promise.all([one.close(), other.close()]);
  });

  test("writes that come together are one commit; one that fails fails alone", async () => {
    const store = await open(join(folder, "together"));
    const outcomes = await Promise.allSettled([
      store.insert(newTask("a")),
      store.insert(newTask("bad", { payload: null as never })),
      store.insert(newTask("b")),
      store.start("a", 1),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    expect((await store.list({})).tasks.map(({ id, status }) => [id, status])).toEqual([
      ["b", "waiting"],
      ["a", "active"],
    ]);
    await store.close();
  });

  test("that isn't one, or can't be made, is said in one message", async () => {
    mkdirSync(join(folder, "text"));
    writeFileSync(
      join(folder, "text", "jobs.sqlite"),
      "no database, but longer than a header has to be, and of text\n".repeat(20),
    );
    writeFileSync(join(folder, "file"), "");
    for (const stateDir of [join(folder, "text"), join(folder, "file")]) {
      const error = await open(stateDir).catch((reason) => reason);
      expect(error).toBeInstanceOf(SettingsInvalid);
      expect(error.message).toMatch(
        /^STATE_DIR: should be a folder in which this user may write .*jobs\.sqlite, a database; got: .+\nCorrect/,
      );
    }
    expect(readFileSync(join(folder, "text", "jobs.sqlite"), "utf8")).toMatch(/^no database/);
  });
});

describe.skipIf(postgres.missing)(`PostgreSQL${postgres.note}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 60_000);
  afterAll(() => server.remove());

  const open = (databaseUrl: string) => openStore({ stateDir: "/nowhere", databaseUrl });

  test("that refuses for good is said in one message, without the password", async () => {
    const url = server.url("no_such_database").replace("app@", "app:hush@");
    const error = await open(url).catch((reason) => reason);
    expect(error).toBeInstanceOf(SettingsInvalid);
    expect(error.message).toMatch(
      /^DATABASE_URL: should name a PostgreSQL database .*no_such_database" does not exist\nCorrect/,
    );
    expect(error.message).not.toContain("hush");
    for (const wrong of ["app:hush", "mysql://app:hush@localhost/db"]) {
      const refused = await open(wrong).catch((reason) => reason);
      expect(refused).toBeInstanceOf(SettingsInvalid);
      expect(refused.message).toMatch(/^DATABASE_URL: should be a URL such as /);
      expect(refused.message).not.toContain("hush");
    }
  });

  test("that is away is waited for by nobody, and used again when it is back", async () => {
    const store = await open(await server.newDatabase());
    const other = await open(server.url());
    await store.insert(newTask("a"));
    const inside = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const cut = store
      .transaction(async (transaction) => {
        await store.insert(newTask("b"), transaction);
        inside.resolve();
        await gate.promise;
        await store.insert(newTask("c"), transaction);
      })
      .catch((reason) => reason);
    await inside.promise;
    await server.kill();
    gate.resolve();
    expect(await cut).toBeInstanceOf(StoreUnavailable);
    await expect(store.find("a")).rejects.toThrow(StoreUnavailable);
    await expect(store.insert(newTask("d"))).rejects.toThrow(StoreUnavailable);
    await expect(open(server.url())).rejects.toThrow(StoreUnavailable);
    await server.start();
    const seen = await waitFor("the task", () => store.find("a"));
    expect(seen.status).toBe("waiting");
    expect((await store.insert(newTask("b"))).isNew).toBe(true);
    expect(await store.find("c")).toBeUndefined();
    await Promise.all([store.close(), other.close()]);
  });

  test("that doesn't answer is away too", async () => {
    const store = await open(await server.newDatabase());
    await store.insert(newTask("a"));
    server.freeze();
    try {
      await expect(store.find("a")).rejects.toThrow(StoreUnavailable);
    } finally {
      server.thaw();
    }
    expect((await waitFor("the task", () => store.find("a"))).id).toBe("a");
    await store.close();
  });
});
