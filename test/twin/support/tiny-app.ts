import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildRelease, type Release } from "../../../infra/release";

export const BACKEND = `const { basename, dirname } = require("node:path");
const health = JSON.stringify({ status: "ok", release: basename(dirname(__dirname)), motto: process.env.MOTTO });
console.log("up, with " + process.env.REDIS_PASSWORD);
if (process.env.MOTTO === "crash") throw new Error("no start with " + process.env.REDIS_PASSWORD);
require("node:http").createServer((_, response) => response.end(health)).listen(Number(process.env.PORT), "127.0.0.1");
`;
const WORKER = "setInterval(() => {}, 1000);\n";

/**
 * An application of a few lines, built in a new folder inside `folder`, so that tests of the deployment wait for nothing else;
 * `parts` replace its own.
 */
export async function tinyRelease(folder: string, parts: { backend?: string; worker?: string } = {}): Promise<Release> {
  const app = mkdtempSync(join(folder, "tiny-"));
  for (const [process, source] of Object.entries({ backend: BACKEND, worker: WORKER, ...parts })) {
    mkdirSync(join(app, "src", process), { recursive: true });
    writeFileSync(join(app, "src", process, "main.cjs"), source);
  }
  const build = "rm -rf dist && cp -r src dist && cp package.json dist/";
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "tiny", version: "1.0.0", scripts: { build } }));
  return buildRelease(app, join(app, "out"));
}
