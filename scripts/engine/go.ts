import { cpSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Ended, run } from "../lib/run";
import { digestOfSources } from "./digest";
import type { Obstacle, Way } from "./part";
import type { Progress } from "./progress";
import { VERSIONS } from "./versions";

/** The Go modules that parts are built from: go.mod and go.sum say exactly of what. */
export const MODULES = join(__dirname, "go");

/** How many lines of a failed build are shown. */
const SHOWN = 6;

/** One command of a build, run in a copy of the module. */
export interface Step {
  /** What it does, for the progress. */
  readonly what: string;
  readonly file: string;
  readonly args: readonly string[];
}

/** Builds a part from a module below `go/`. `steps` get the folder that the result belongs in. */
export function fromGo(module: string, steps: (into: string) => readonly Step[]): Way {
  const sources = join(MODULES, module);
  return {
    source: "built",
    recipe: () => digestOfSources(sources),
    async stage(into, progress) {
      const obstacle = await goObstacle();
      if (obstacle) return obstacle;
      // Beside `into`, and so removed with it: what is generated doesn't end up in the clone.
      const work = join(dirname(into), "module");
      cpSync(sources, work, { recursive: true });
      progress.note("building it from its Go modules, which takes minutes the first time");
      for (const step of steps(into)) {
        const ended = await goRun(step, work, progress);
        if (ended.exitCode !== 0)
          return {
            reason: `${step.what} failed:\n${reasons(ended.output)}`,
            remedy: "Mend that (what is compiled already is kept)",
          };
      }
      return undefined;
    },
  };
}

/** The arguments of `go build` for an executable without debugging tables, whose version is set as a variable. */
export function goBuild(output: string, variable: string, version: string, target: string): string[] {
  return [
    "build",
    "-v",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    `-s -w -X ${variable}=${version}`,
    "-o",
    output,
    target,
  ];
}

async function goRun(step: Step, cwd: string, progress: Progress): Promise<Ended> {
  let fetched = 0;
  let compiled = 0;
  const lines: string[] = [];
  const stop = new AbortController();
  const end = (signal: NodeJS.Signals) => {
    stop.abort();
    process.kill(process.pid, signal);
  };
  // A terminal's Ctrl-C reaches the compiler by itself. The handlers are for once, so the repeated signal ends us.
  for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, end);
  progress.at(step.what);
  try {
    const environment = { cwd, env: await goEnvironment(), signal: stop.signal };
    const ended = await run(step.file, step.args, environment, (line) => {
      lines.push(line);
      if (line.startsWith("go: downloading")) fetched++;
      else if (isPackage(line)) compiled++;
      progress.at(
        compiled ? `${step.what}: ${compiled} packages compiled` : `${step.what}: ${fetched} modules fetched`,
      );
    });
    // Output that is read line by line isn't kept.
    return { ...ended, output: lines.join("\n") || ended.output };
  } finally {
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.off(signal, end);
  }
}

/** The user's own settings (GOPROXY, GOFLAGS, GOPRIVATE ...) hold; only what would make the build another one is set. */
async function goEnvironment(): Promise<Record<string, string>> {
  const fixed = { GOWORK: "off", GO111MODULE: "on", CGO_ENABLED: process.env.CGO_ENABLED ?? "0" };
  return olderThan((await goVersion()) ?? "0", VERSIONS.go) ? { ...fixed, GOTOOLCHAIN: "auto" } : fixed;
}

async function goObstacle(): Promise<Obstacle | undefined> {
  const version = await goVersion();
  const remedy = `Install Go ${VERSIONS.go} or newer (https://go.dev/dl)`;
  if (version === undefined) return { reason: "Go isn't installed", remedy, absent: true };
  if (olderThan(version, VERSIONS.goWithToolchains))
    return { reason: `Go ${version} is too old to build it`, remedy, absent: true };
  return undefined;
}

/** The version of the `go` on PATH, such as 1.26.8. */
async function goVersion(): Promise<string | undefined> {
  const { exitCode, stdout } = await run("go", ["env", "GOVERSION"], { cwd: "/", env: { GOTOOLCHAIN: "local" } });
  return exitCode === 0 ? stdout.trim().replace(/^go/, "") : undefined;
}

/** Compares versions number by number. */
export function olderThan(version: string, bound: string): boolean {
  const [a, b] = [version, bound].map((v) => v.split(".").map((n) => Number.parseInt(n, 10)));
  for (let i = 0; i < 3; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** With -v, `go build` prints the path of each package that it compiles. */
function isPackage(line: string): boolean {
  return /^[a-z0-9][\w.~-]*(\/[\w.~-]+)*$/i.test(line);
}

/** The part of a build's output that says why: without packages and downloads, which are its progress. */
export function reasons(output: string): string {
  const lines = output
    .split("\n")
    .filter((line) => line.trim() && !isPackage(line) && !line.startsWith("go: downloading"));
  return lines
    .slice(-SHOWN)
    .map((line) => `  ${line}`)
    .join("\n");
}
