import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ensureParts } from "../../../scripts/engine/ensure";
import type { Part } from "../../../scripts/engine/part";
import { NotToBeHad, UserError } from "../../../scripts/lib/errors";
import { absentWay, closedWay, collector, fakeWay, partWith, temporaryHome, writeFakeProgram } from "./fixtures";

const home = temporaryHome;
const silent = () => {};
const program = (root: ReturnType<typeof home>, part: Part) => root.path(part.folder, part.file);

describe("which way is gone", () => {
  test("the first that is open; those after it aren't tried", async () => {
    const [second, third] = [fakeWay("1.2.3", { source: "download" }), fakeWay("1.2.3")];
    const part = partWith(closedWay("nothing on PATH"), second, third);
    const [placed] = await ensureParts(home(), [part], silent);
    expect(placed).toEqual({ part, source: "download", fresh: true });
    expect([second.gone, third.gone]).toEqual([1, 0]);
  });

  test("the next, where one gives a program of another version", async () => {
    const where = home();
    const part = partWith(fakeWay("1.2.4", { source: "download" }), fakeWay("v1.2.3"));
    const [placed] = await ensureParts(where, [part], silent);
    expect(placed?.source).toBe("built");
    expect(readFileSync(program(where, part), "utf8")).toBe("echo v1.2.3\n");
  });

  test("none is open: one line with every reason and what to install, and nothing is left behind", async () => {
    const where = home();
    const part = partWith(closedWay("no download"), closedWay("Go isn't installed", "Install Go"));
    const failure = await ensureParts(where, [part], silent).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(UserError);
    expect(failure).not.toBeInstanceOf(NotToBeHad);
    expect(String(failure)).toBe(
      "UserError: Fake provider 1.2.3 can't be had: no download; Go isn't installed. Install Go, then run this again.",
    );
    expect(existsSync(where.path(part.folder))).toBe(false);
    expect(readdirSync(join(where.own, "staging"))).toEqual([]);
  });
});

test("only where this machine has no way at all it is not to be had; one that is open and fails is a fault", async () => {
  const attempt = (...ways: Part["ways"]) => ensureParts(home(), [partWith(...ways)], silent);
  await expect(attempt(absentWay("no site"), absentWay("no Go"))).rejects.toThrow(NotToBeHad);
  const broken = await attempt(absentWay("no site"), closedWay("building failed")).catch((error: unknown) => error);
  expect(broken).toBeInstanceOf(UserError);
  expect(broken).not.toBeInstanceOf(NotToBeHad);
  await expect(attempt(absentWay("no site"), fakeWay("9.9.9"))).rejects.not.toThrow(NotToBeHad);
});

test("a reason of several lines keeps them, and what to do stands below", async () => {
  const part = partWith(closedWay("no download"), closedWay("building failed:\n  a.go:1: disk full", "Make room"));
  await expect(ensureParts(home(), [part], silent)).rejects.toThrow(
    "can't be had: no download; building failed:\n  a.go:1: disk full\nMake room, then run this again.",
  );
});

describe("a second run", () => {
  test("does nothing where everything is whole, and remembers where it came from", async () => {
    const where = home();
    const way = fakeWay("1.2.3");
    await ensureParts(where, [partWith(way)], silent);
    const before = statSync(join(where.own, "manifest.json")).mtimeMs;
    const { lines, report } = collector();
    const [placed] = await ensureParts(where, [partWith(way)], report);
    expect(placed).toMatchObject({ source: "built", fresh: false });
    expect([way.gone, lines]).toEqual([1, []]);
    expect(statSync(join(where.own, "manifest.json")).mtimeMs).toBe(before);
  });

  test.each([
    ["cut short", (file: string) => truncateSync(file, 5), "is damaged: 5 bytes, it had 11"],
    [
      "of the same size with one byte changed",
      (file: string) => writeFileSync(file, "echo 1.2.3 "),
      "isn't what was put",
    ],
    ["gone", (file: string) => rmSync(file), undefined],
  ])("replaces a program that is %s", async (_, damage, said) => {
    const where = home();
    const way = fakeWay("1.2.3");
    const part = partWith(way);
    await ensureParts(where, [part], silent);
    damage(program(where, part));
    const { lines, report } = collector();
    const [placed] = await ensureParts(where, [part], report);
    expect(placed?.fresh).toBe(true);
    expect(way.gone).toBe(2);
    expect(readFileSync(program(where, part), "utf8")).toBe("echo 1.2.3\n");
    if (said) expect(lines[0]).toContain(said);
  });

  test("replaces a plugin of which another file is damaged", async () => {
    const where = home();
    const way = fakeWay("1.2.3");
    const stage = way.stage;
    const both = {
      ...way,
      stage: async (...[into, progress]: Parameters<typeof stage>) => {
        writeFileSync(join(into, "library"), "whole");
        return stage(into, progress);
      },
    };
    const part = partWith(both);
    await ensureParts(where, [part], silent);
    writeFileSync(where.path(part.folder, "library"), "torn!");
    const [placed] = await ensureParts(where, [part], silent);
    expect(placed?.fresh).toBe(true);
    expect(readFileSync(where.path(part.folder, "library"), "utf8")).toBe("whole");
  });

  test("makes a part anew when what it is made from has changed, and only then", async () => {
    const where = home();
    await ensureParts(where, [partWith(fakeWay("1.2.3", { recipe: () => "one" }))], silent);
    const [same] = await ensureParts(where, [partWith(fakeWay("1.2.3", { recipe: () => "one" }))], silent);
    const [other] = await ensureParts(where, [partWith(fakeWay("1.2.3", { recipe: () => "two" }))], silent);
    expect([same?.fresh, other?.fresh]).toEqual([false, true]);
  });
});

describe("what somebody else put in the home", () => {
  test("is taken when it is of the version, and watched from then on", async () => {
    const where = home();
    const way = fakeWay("1.2.3");
    const part = partWith(way);
    const file = writeFakeProgram(program(where, part), "1.2.3");
    expect((await ensureParts(where, [part], silent))[0]).toMatchObject({ source: "home", fresh: false });
    writeFileSync(file, "echo 1.2.3 # changed, and still of the version");
    expect((await ensureParts(where, [part], silent))[0]).toMatchObject({ source: "built", fresh: true });
  });

  test("is replaced when it is of another version, or when the engine's own download of it didn't end", async () => {
    const where = home();
    const part = partWith(fakeWay("1.2.3"));
    writeFakeProgram(program(where, part), "9.9.9");
    expect((await ensureParts(where, [part], silent))[0]?.fresh).toBe(true);
    writeFileSync(`${where.path(part.folder)}.partial`, "");
    expect((await ensureParts(where, [part], silent))[0]?.fresh).toBe(true);
    expect(existsSync(`${where.path(part.folder)}.partial`)).toBe(false);
  });
});

describe("an interrupted run", () => {
  test("leaves nothing in place that isn't whole, and the next ends it and clears up", async () => {
    const where = home();
    const cut = fakeWay("1.2.3", {
      async stage(into) {
        writeFileSync(join(into, "program"), "ec");
        throw new Error("cut");
      },
    });
    await expect(ensureParts(where, [partWith(cut)], silent)).rejects.toThrow("cut");
    expect(existsSync(where.path(partWith().folder))).toBe(false);

    // What a process that was killed leaves, since it can't clear up.
    const left = join(where.own, "staging", "part-killed", "files");
    mkdirSync(left, { recursive: true });
    writeFileSync(join(left, "program"), "ec");
    await ensureParts(where, [partWith(fakeWay("1.2.3"))], silent);
    expect(existsSync(left)).toBe(false);
  });

  test("that broke the manifest costs a check of the version, and no more", async () => {
    const where = home();
    const way = fakeWay("1.2.3");
    await ensureParts(where, [partWith(way)], silent);
    writeFileSync(join(where.own, "manifest.json"), '{"plugins/');
    expect((await ensureParts(where, [partWith(way)], silent))[0]).toMatchObject({ source: "home", fresh: false });
    expect(way.gone).toBe(1);
  });
});

test("two runs at once make each part once", async () => {
  const where = home();
  const way = fakeWay("1.2.3");
  const runs = [1, 2].map(() => ensureParts(where, [partWith(way)], silent));
  const fresh = (await Promise.all(runs)).map(([placed]) => placed?.fresh);
  expect(fresh.sort()).toEqual([false, true]);
  expect(way.gone).toBe(1);
});
