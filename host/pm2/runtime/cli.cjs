// PM2's command line for the daemon of one side. It gets the daemon's own environment over descriptor 3, so that whatever is
// started or restarted from here has what .env says. Arguments: PM2_HOME, the ecosystem file, then those of pm2.
const { readFileSync } = require("node:fs");

const [home, ecosystem, ...words] = process.argv.splice(2);
/** What belongs to a terminal and not to the daemon. */
const TERMINAL = ["TERM", "COLORTERM"];
/** They would bring another PM2 or another daemon beside the deployment's, or tell others what runs here. */
const REFUSED = new Set(
  "update updatePM2 deepUpdate install module:update uninstall publish package startup unstartup deploy link unlink plus register login logout monitor unmonitor open serve autoinstall install-otel uninstall-otel pull forward backward".split(
    " ",
  ),
);

const command = words.find((word) => !word.startsWith("-")) ?? "";
if (REFUSED.has(command))
  refuse(`pm2 ${command} is not for this server: PM2 and what it runs come with the deployment (queuehost deploy)`);

const terminal = TERMINAL.filter((name) => name in process.env).map((name) => [name, process.env[name]]);
const own = ["NOTIFY_SOCKET", "JOURNAL_STREAM", "INVOCATION_ID"];
const pairs = readFileSync(3, "utf8")
  .split("\0")
  .filter((pair) => pair.includes("="));
const daemon = pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]);
for (const name of Object.keys(process.env)) delete process.env[name];
Object.assign(
  process.env,
  Object.fromEntries(daemon.filter(([name]) => !own.includes(name))),
  Object.fromEntries(terminal),
  { PM2_HOME: home, PM2_NO_INTERACTION: "true", PM2_DISABLE_VERSION_CHECK: "true" },
);

// The library that colours takes PM2's environment for a terminal, and looks once.
if (!process.stdout.isTTY) process.env.NO_COLOR = "1";
// Without a daemon, PM2 would start one here, outside the unit and its sandbox.
require("pm2/lib/Client.js").prototype.launchDaemon = () =>
  refuse("PM2's daemon doesn't answer; its unit says why: systemctl status '*-pm2@*'");

// Whoever reads may have seen enough, as `head` has.
process.stdout.on("error", ({ code }) => process.exit(code === "EPIPE" ? 0 : 1));
process.argv.push(...named(words));
require("pm2/lib/binaries/CLI.js");
// What is started from here gets the rest.
if (!daemon.some(([name]) => name === "NO_COLOR")) delete process.env.NO_COLOR;

/** Some of PM2's commands know names of single processes only, where people mean all instances. */
function named(given) {
  const { apps } = require(ecosystem);
  const instances = (name) => apps.filter(({ namespace }) => namespace === name).map((app) => app.name);
  const several = (name) => (instances(name).length > 0 ? instances(name) : [name]);
  const only = given.indexOf("--only") + 1;
  return given.map((word, index) => {
    if (only > 0 && index === only) return word.split(",").flatMap(several).join(",");
    if (["describe", "desc", "info", "show"].includes(command)) return several(word)[0];
    if (command === "logs" && instances(word).length > 1) return `/^${word}-\\d+$/`;
    return word;
  });
}

function refuse(reason) {
  console.error(`queuehost: ${reason}`);
  process.exit(1);
}
