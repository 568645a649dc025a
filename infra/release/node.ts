import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Architecture, NodeMajor } from "./app";
import { ReleaseError } from "./error";
import { unpackPackage } from "./registry-package";
import { nodeRuntime } from "./runtime";
import runtimes from "./runtimes.json";

/**
 * The binary of a Node of this major that runs on this machine: the one that runs this, where it fits, else the server's own,
 * fetched once into `<outDir>/node`.
 *
 * @throws ReleaseError where no such Node is to be had
 */
export async function localNode(major: NodeMajor, outDir: string): Promise<string> {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  if (process.platform !== "linux" || !isArchitecture(process.arch))
    throw new ReleaseError(
      `the application runs on Node ${major} (app.node), and this is Node ${process.versions.node}: run this with Node ${major}, which builds it`,
    );
  return linuxNode(process.arch, major, outDir);
}

/** The binary of the server's Node, fetched once into `<outDir>/node`. */
export async function linuxNode(architecture: Architecture, major: NodeMajor, outDir: string): Promise<string> {
  const { version, integrity } = nodeRuntime(architecture, major);
  const folder = join(outDir, "node", `${version}-${architecture}`);
  await unpackPackage({ name: `node-linux-${architecture}`, version, integrity }, folder);
  return join(folder, "bin/node");
}

/** The folder of an npm for where there is none, fetched once into `<outDir>/npm`. */
export async function npm(outDir: string): Promise<string> {
  const { version, integrity } = runtimes.npm;
  const folder = join(outDir, "npm", version);
  await unpackPackage({ name: "npm", version, integrity }, folder);
  const commands = join(folder, "commands");
  mkdirSync(commands, { recursive: true });
  for (const command of ["npm", "npx"]) {
    const script = `bin/${command}-cli.js`;
    chmodSync(join(folder, script), 0o755);
    if (!existsSync(join(commands, command))) symlinkSync(`../${script}`, join(commands, command));
  }
  return commands;
}

/** A folder in which a Node is alone: on PATH, its own may hold programs that would pass for the project's. */
export function alone(node: string, outDir: string): string {
  const folder = join(outDir, "node", `only-${createHash("sha256").update(node).digest("hex").slice(0, 12)}`);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, "node"))) symlinkSync(node, join(folder, "node"));
  return folder;
}

/** The headers that native modules are compiled with, where they lie beside a Node; otherwise they would be downloaded. */
export function headersOf(node: string): string | undefined {
  const folder = dirname(dirname(node));
  return existsSync(join(folder, "include/node/node.h")) ? folder : undefined;
}

const isArchitecture = (name: string): name is Architecture => name === "x64" || name === "arm64";
