import { existsSync } from "node:fs";
import { join } from "node:path";
import { satisfies } from "semver";
import runtimes from "../../infra/release/runtimes.json";
import type { App, Finding } from "./finding";

/** The version of Node that the application asks for; undefined where ours by default will do. */
export function nodeOf(app: App): { finding?: Finding; open?: string } {
  const named: [string, string | undefined][] = [
    ["engines.node of package.json", app.manifest.engines?.node],
    [".nvmrc", rangeOf(app.read(".nvmrc"))],
    [".node-version", rangeOf(app.read(".node-version"))],
  ];
  const [why, range] = named.find(([, range]) => range !== undefined && range !== "") ?? [];
  if (why === undefined || range === undefined) return {};
  const majors = ["24", "22"] as const;
  const major = majors.find((one) => satisfies(runtimes.node[one].version, range));
  if (major !== undefined) return { finding: { key: "app.node", value: major, why: `${why} is ${range}` } };
  return {
    open: `${why} is ${range}, and a server has Node ${majors.join(" or ")}: see whether the application runs on it, and widen the range.`,
  };
}

/** Of .nvmrc: `v20.11.0` and `20` mean that major; names such as lts/iron aren't looked up. */
const rangeOf = (text: string) => /^v?(\d+)/.exec(text.trim())?.[1];

const LASTING = /^(public\/|static\/|storage\/|data\/)?(uploads?|exports?|storage|media|attachments|files)$/;

/** Folders that hold what users made: git ignores them, or the code that takes uploads writes there. */
export function foldersOf(app: App): Finding | undefined {
  const code = app.files.map(({ text }) => text).join("\n");
  const ignored = app
    .read(".gitignore")
    .split("\n")
    .map((line) =>
      line
        .trim()
        .replace(/^\/|\/?(\*|\*\*)?$/g, "")
        .replace(/^\.\//, ""),
    )
    .filter((name) => LASTING.test(name));
  const written = [...code.matchAll(/\b(?:dest|destination|uploadDir)\s*:\s*["'`](?:\.?\/)?([\w/-]+?)\/?["'`]/g)].map(
    ([, name = ""]) => name,
  );
  const named = (name: string) =>
    existsSync(join(app.folder, name)) || new RegExp(`["'\`/]${name.split("/").at(-1)}["'\`/]`).test(code);
  const folders = [
    ...new Set([...ignored.filter(named), ...written.filter((name) => !/^(public|static)$/.test(name))]),
  ];
  const outer = folders.filter((name) => !folders.some((other) => name.startsWith(`${other}/`)));
  return outer.length === 0
    ? undefined
    : {
        key: "app.folders",
        value: outer.join(", "),
        why: "git ignores them or uploads go there: they outlive a release",
      };
}
