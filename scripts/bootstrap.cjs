// Runs the command line in a clone, where nothing may be installed yet. Plain JavaScript without dependencies, because at this
// point there are none.
const { spawnSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const { existsSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const { isRunning } = require("./lib/process.cjs");

const root = join(__dirname, "..");
const modules = join(root, "node_modules");
const stamp = join(modules, ".installed-from");
const lock = join(root, ".installing");

function stop(message) {
  console.error(message);
  process.exit(1);
}

function fingerprint() {
  const hash = createHash("sha256");
  for (const file of ["package-lock.json", "package.json", "app/package.json"])
    hash.update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function installed() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint();
}

/** Lets one process install at a time; a holder that died doesn't count. */
function takeLock() {
  for (let said = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      process.on("exit", () => rmSync(lock, { force: true }));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = Number(readFileSync(lock, "utf8").trim() || "0");
    if (holder !== 0 && !isRunning(holder)) rmSync(lock, { force: true });
    else if (!said) console.log(`Process ${holder} is installing the packages; waiting for it.`);
    said = true;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  }
}

function install() {
  if (installed()) return;
  takeLock();
  if (installed()) return;
  const started = Date.now();
  console.log("Installing the packages of package-lock.json (npm ci) ...");
  const { status, error } = spawnSync("npm", ["ci", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (error) stop(`npm could not be started (${error.message}). Install npm, then run this again.`);
  if (status !== 0)
    stop("npm ci failed; its message stands above. Nothing else was started. Run this again once that is mended.");
  writeFileSync(stamp, fingerprint());
  rmSync(lock, { force: true });
  console.log(`Installed in ${((Date.now() - started) / 1000).toFixed(0)} s.`);
}

const major = Number(process.versions.node.split(".")[0]);
if (major < 20)
  stop(
    `Node 20 or newer is needed to begin, this is ${process.versions.node}. Install a newer Node, then run this again.`,
  );
install();

process.chdir(root);
require("./bin.cjs");
