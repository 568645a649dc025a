import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Architecture } from "./app";
import type { Entry } from "./contents";
import type { Module } from "./modules";

/** The minor version of glibc 2 in Debian 13. */
const GLIBC_MINOR = 41;

/** e_machine in the head of an ELF file. */
const MACHINES = { x64: 62, arm64: 183 } as const;

const SYSTEMS = new Set(
  "aix android darwin freebsd ios macos netbsd openbsd openharmony sunos win32 windows".split(" "),
);
const MUSL = new Set(["alpine", "linuxmusl", "musl"]);
const PROCESSORS = new Set(
  "aarch64 amd64 arm arm64 armv6 armv7 ia32 loong64 ppc64 riscv64 s390x wasm32 x64 x86_64".split(" "),
);
const OURS = { x64: new Set(["amd64", "x64", "x86_64"]), arm64: new Set(["aarch64", "arm64"]) } as const;

/**
 * Native code among what travels that the server couldn't load, each with the reason. What is named for another platform is
 * left alone: it isn't loaded.
 */
export function misfits(root: string, entries: readonly Entry[], architecture: Architecture): string[] {
  return entries.flatMap(({ path, link }) => {
    if (link !== undefined || !/\.(node|so(\.\d+)*)$/.test(path) || meantForOthers(path, architecture)) return [];
    const reason = misfit(readFileSync(join(root, path)), architecture);
    return reason === undefined ? [] : [`${path} ${reason}`];
  });
}

/** Whether a path names a platform, and not the server's: prebuilds/darwin-x64/..., sharp-linuxmusl-arm64/... */
function meantForOthers(path: string, architecture: Architecture): boolean {
  const words = path.toLowerCase().match(/x86_64|[a-z0-9]+/g) ?? [];
  if (words.some((word) => SYSTEMS.has(word) || MUSL.has(word))) return true;
  const processors = words.filter((word) => PROCESSORS.has(word));
  return processors.length > 0 && !processors.some((word) => OURS[architecture].has(word));
}

function misfit(content: Buffer, architecture: Architecture): string | undefined {
  if (content.length < 20 || content.readUInt32BE(0) !== 0x7f454c46) return "is made for another system than Linux";
  if (content.readUInt16LE(18) !== MACHINES[architecture]) return `is made for another processor than ${architecture}`;
  const text = content.toString("latin1");
  if (text.includes("libc.musl-")) return "needs musl instead of glibc";
  const newest = Math.max(0, ...[...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor)));
  return newest > GLIBC_MINOR ? `needs glibc 2.${newest}, the server has 2.${GLIBC_MINOR}` : undefined;
}

/** Packages that install differently on another platform: those with native code, or that are for one platform alone. */
export function platformSpecific(modules: Iterable<Module>): string[] {
  return [...modules].flatMap(({ folder, manifest: { name = folder, scripts = {}, os, cpu, gypfile } }) => {
    const installs = scripts.preinstall ?? scripts.install ?? scripts.postinstall;
    const inModules = folder.includes("node_modules/");
    return inModules && (gypfile || installs !== undefined || os !== undefined || cpu !== undefined) ? [name] : [];
  });
}
