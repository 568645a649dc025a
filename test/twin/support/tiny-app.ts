import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";

export const BACKEND = `const health = JSON.stringify({ folder: process.cwd(), motto: process.env.MOTTO });
console.log("up, with " + process.env.REDIS_PASSWORD + " and " + process.env.REDIS_URL);
if (process.env.MOTTO === "crash") throw new Error("no start with " + process.env.REDIS_URL);
require("node:http").createServer((_, response) => response.end(health)).listen(Number(process.env.PORT), "127.0.0.1");
`;
export const WORKER = "setInterval(() => {}, 1000);\n";

/** A release as the server gets it. */
export interface TinyRelease {
  readonly id: string;
  readonly sha256: string;
  readonly artefact: Buffer;
}

/**
 * An application of a few lines, packed without a build, so that tests of the deployment wait for nothing else.
 *
 * @param folder where it is laid out, in a folder of its own
 * @param files by their path; they replace its backend.js and worker.js, or come beside them
 */
export function tinyRelease(folder: string, files: Readonly<Record<string, string>> = {}): TinyRelease {
  const root = mkdtempSync(join(folder, "tiny-"));
  for (const [path, content] of Object.entries({ "backend.js": BACKEND, "worker.js": WORKER, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const tar = `${root}.tar`;
  execFileSync("tar", ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "-cf", tar, "-C", root, "."]);
  const bytes = readFileSync(tar);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { id: sha256.slice(0, 12), sha256, artefact: gzipSync(bytes) };
}
