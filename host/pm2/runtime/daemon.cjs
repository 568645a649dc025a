// PM2's daemon for one side of the application, in the foreground of its unit. It starts what the side's ecosystem file names, and
// ends all of it at once on SIGTERM: PM2's own start forks away from a unit, and its own end takes one process after another.
// Arguments: PM2_HOME, where to note what runs, the ecosystem file.
const { renameSync, rmSync, writeFileSync } = require("node:fs");
const { basename, join } = require("node:path");

const [home, status, ecosystem] = process.argv.splice(2);
/** What is meant for the daemon, or for the unit's own process, and not for those that it starts. */
const OWN = ["PM2_PROGRAMMATIC", "PM2_LOG_DATE_FORMAT", "PM2_CONCURRENT_ACTIONS"].concat(
  ["NOTIFY_SOCKET", "JOURNAL_STREAM", "INVOCATION_ID", "RUNTIME_DIRECTORY", "STATE_DIRECTORY"],
  "NO_COLOR" in process.env ? [] : ["NO_COLOR"],
);
process.umask(0o077);
prepare();
const log = console.log;
// Said ten times a second of a process that takes its time to end.
console.log = (...said) => /failed to kill - retrying/.test(said[0]) || log(...said);

const God = require("pm2/lib/God.js");
const Daemon = require("pm2/lib/Daemon.js");
const { custom: Client } = require("pm2");
for (const name of OWN) delete process.env[name];

/** How each process ended the last time, and how often it did so by itself since somebody started it; by its PM2 id. */
const ends = new Map();
const falls = new Map();
const { handleExit } = God;
God.handleExit = (child, code, signal) => {
  const { pm_id, exec_mode, status } = child.pm2_env;
  // In cluster mode, PM2 says SIGINT where there was no signal.
  const killed = code === 0 && signal && !(signal === "SIGINT" && exec_mode === "cluster_mode");
  ends.set(pm_id, killed ? `signal ${signal}` : `exit status ${code}`);
  falls.set(pm_id, status === "stopping" || status === "stopped" ? 0 : (falls.get(pm_id) ?? 0) + 1);
  setImmediate(note);
  return handleExit.call(God, child, code, signal);
};
God.bus.on("process:event", () => setImmediate(note));

process.once("SIGTERM", end);
process.once("SIGINT", end);
process.on("SIGHUP", () => {});
process.on("SIGUSR2", endWorkers);
new Daemon({ ignore_signals: true }).innerStart(start);

/** A home that a killed daemon left behind is as good as a new one, but for its logs. */
function prepare() {
  process.env.PM2_HOME = home;
  process.env.PM2_KILL_SIGNAL = "SIGTERM";
  // Milliseconds between two looks at the memory of the processes.
  process.env.PM2_WORKER_INTERVAL = "5000";
  process.env.PM2_CONCURRENT_ACTIONS = "8";
  process.env.PM2_LOG_DATE_FORMAT = "";
  process.env.PM2_PROGRAMMATIC = "true";
  process.env.NO_COLOR = "1";
  // Nothing is asked of, or told to, PM2's maker.
  process.env.PM2_DISABLE_VERSION_CHECK = "true";
  process.env.PM2_NO_INTERACTION = "true";
  writeFileSync(join(home, "touch"), "");
  writeFileSync(join(home, "module_conf.json"), '{"pm2":{"sysmonit":"false"}}\n');
  for (const stale of ["rpc.sock", "pub.sock", "pids", "reload.lock"])
    rmSync(join(home, stale), { recursive: true, force: true });
}

/** Starts what the ecosystem file names, as `pm2 start` would. */
function start() {
  const client = new Client({ pm2_home: home });
  countReplaced();
  client.connect((unreachable) => {
    if (unreachable) throw unreachable;
    client.start(ecosystem, {}, (fault) => {
      client.disconnect();
      if (fault) throw fault instanceof Error ? fault : new Error(String(fault));
      note();
    });
  });
}

/** From here on, what is reloaded in this process is what took more memory than it may: people's reloads come from outside. */
function countReplaced() {
  const { reloadProcessId } = God;
  God.reloadProcessId = (options, done) => {
    const before = falls.get(options.id) ?? 0;
    reloadProcessId(options, (...answer) => {
      falls.set(options.id, before + 1);
      ends.set(options.id, "replaced for want of memory");
      note();
      done(...answer);
    });
  };
}

/** Asks all processes at once to end, and follows the last of them. */
function end() {
  God.notifyKillPM2();
  const ended = Object.keys(God.clusters_db).map((id) => new Promise((done) => God.deleteProcessId(id, done)));
  Promise.all(ended).then(() => process.exit(0));
}

/** The backends still have requests to answer, while the workers are to take no more jobs. */
function endWorkers() {
  const workers = God.getFormatedProcesses().filter(({ pm2_env }) => !pm2_env.namespace.endsWith("-backend"));
  for (const { pm_id } of workers) God.deleteProcessId(pm_id, note);
}

/** For the scripts of the deployment: instance, PM2 id, state, process id (0: none), restarts, how it ended the last time. */
function note() {
  const rows = God.getFormatedProcesses().map(({ pm_id, pid, pm2_env }) => {
    const alive = pm2_env.status === "online" || pm2_env.status === "launching";
    const instance = basename(pm2_env.pm_out_log_path, "-out.log");
    return [instance, pm_id, pm2_env.status, alive ? pid : 0, falls.get(pm_id) ?? 0, ends.get(pm_id) ?? ""].join("\t");
  });
  writeFileSync(`${status}.new`, rows.map((row) => `${row}\n`).join(""));
  renameSync(`${status}.new`, status);
}
