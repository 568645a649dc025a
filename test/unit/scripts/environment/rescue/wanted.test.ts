import { expect, test } from "vitest";
import { parseBackups } from "../../../../../scripts/backups/records";
import { wanted } from "../../../../../scripts/environment/rescue/bring-back";

const [OLD, NEWER, EMPTY] = ["20261121-030004", "20261122-030004", "20261122-041500"];
const note = { server: "42", since: new Date(), files: [] };
const away = (id: string, where: string) => `away\t${id}\tabcd1234\t100\t${where}\n`;
const set = (id: string) => `set\t${id}\t100\nmade\t1\nproved\t1\nredis\t8\nkeys\t1\npause\t1\n`;
const place = "place\tthe Storage Box\n";

test("the newest backup of the server that is gone counts, not that of the new one, which has nothing", () => {
  const listed = parseBackups(
    set(EMPTY) + place + away(EMPTY, "here") + away(NEWER, "elsewhere") + away(OLD, "elsewhere"),
  );
  expect(wanted(listed, note)).toBe(NEWER);
  expect(wanted(listed, { ...note, id: "20261121" })).toBe(OLD);
  expect(() => wanted(listed, { ...note, id: EMPTY })).toThrow(/should be latest, a backup's id or its date/);
});

test("one that came as a file counts, and nothing else on the server", () => {
  const listed = parseBackups(set(EMPTY) + set(OLD));
  expect(wanted(listed, { ...note, id: OLD, files: [OLD] })).toBe(OLD);
  expect(() => wanted(listed, note)).toThrow(/There is no backup/);
});
