#!/usr/bin/env node
// Runs the command line from its sources, on the Node that package.json pins, where the dependencies are installed.
const { spawn, spawnSync } = require("node:child_process");
const { dirname, delimiter, join } = require("node:path");
const { pathToFileURL } = require("node:url");

const NODE_MAJOR = 24;
const paths = [__dirname];

/** The pinned Node, which npm installs for Linux alone; elsewhere this one, if it is new enough. */
function findNode() {
  try {
    const own = require.resolve(`node-linux-${process.arch}/bin/node`, { paths });
    // One for glibc doesn't start on musl.
    if (spawnSync(own, ["--version"]).status === 0) return own;
  } catch {
    // Not installed: this isn't Linux, or optional dependencies were left out.
  }
  if (Number(process.versions.node.split(".")[0]) >= NODE_MAJOR) return process.execPath;
  console.error(
    `No Node ${NODE_MAJOR} is to be had for ${process.platform}-${process.arch}, and this is ${process.versions.node}. Install Node ${NODE_MAJOR}, then run this again.`,
  );
  return process.exit(1);
}

const node = findNode();
const loader = pathToFileURL(require.resolve("tsx", { paths })).href;
const child = spawn(node, ["--import", loader, join(__dirname, "queuehost.ts"), ...process.argv.slice(2)], {
  stdio: "inherit",
  // The engine runs the Pulumi program with the first Node on PATH.
  env: {
    ...process.env,
    PATH: [dirname(node), join(__dirname, "../node_modules/.bin"), process.env.PATH].join(delimiter),
  },
});
// A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone has to be handed on.
for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
process.on("SIGINT", () => {});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
