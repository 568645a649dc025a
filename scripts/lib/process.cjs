// Plain JavaScript, because bootstrap.cjs needs it before anything is installed.
const { spawnSync } = require("node:child_process");
const { readFileSync } = require("node:fs");

exports.isRunning = (pid) => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    if (error.code !== "EPERM") return false;
  }
  return !/^[ZX]/.test(stateOf(pid));
};

/** The letter by which ps shows a process's state; Z where it is gone altogether. */
function stateOf(pid) {
  if (process.platform !== "linux")
    return spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim() || "Z";
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Behind the program's name, which may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2);
  } catch {
    return "Z";
  }
}
