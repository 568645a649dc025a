import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import { answers } from "../../../scripts/engine/faults";
import { Home } from "../../../scripts/engine/home";
import type { Part, Way } from "../../../scripts/engine/part";
import type { Report } from "../../../scripts/engine/progress";

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const temporaryHome = () => new Home(join(temporaryFolder(), "home"));

/**
 * A small fake program that prints a version whatever it is asked. It has no `#!` line, so it counts as a program and not as a
 * script; execvp hands it to the shell.
 */
export function writeFakeProgram(file: string, version: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `echo ${version}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** A way that stages a fake program of a version, and counts how often it was gone. */
export function fakeWay(version: string, more: Partial<Way> = {}): Way & { gone: number } {
  const way = {
    source: "built" as const,
    gone: 0,
    async stage(into: string) {
      way.gone++;
      writeFakeProgram(join(into, "program"), version);
      return undefined;
    },
    ...more,
  };
  return way;
}

/** A way that is closed. */
export function closedWay(reason: string, remedy?: string): Way {
  return { source: "download", stage: async () => (remedy ? { reason, remedy } : { reason }) };
}

/** A way that this machine hasn't got. */
export function absentWay(reason: string): Way {
  return { source: "download", stage: async () => ({ reason, absent: true }) };
}

/** A part of one fake program, whose version is 1.2.3. */
export function partWith(...ways: Way[]): Part {
  return {
    name: "provider-hcloud",
    version: "1.2.3",
    title: "Fake provider",
    folder: "plugins/resource-fake-v1.2.3",
    file: "program",
    fault: answers("version", "1.2.3"),
    ways,
  };
}

export function collector(): { lines: string[]; report: Report } {
  const lines: string[] = [];
  return { lines, report: (line) => void lines.push(line) };
}
