// The queue's Redis, by redis-cli as the user `operator`; what it is sent is read only.
const { execFile } = require("node:child_process");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { promisify } = require("node:util");

const SCRIPT = readFileSync(join(__dirname, "round.lua"), "utf8");
/** Milliseconds that Redis has for an answer. */
const PATIENCE = 5_000;

/** Redis is away, or refuses. */
class Unanswered extends Error {}

/** @throws Unanswered */
async function redisCli(...args) {
  try {
    const { stdout } = await promisify(execFile)("redis-cli", ["-e", "--no-auth-warning", ...connection(), ...args], {
      env: { ...process.env, REDISCLI_AUTH: password() },
      timeout: PATIENCE,
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout.trimEnd();
  } catch (error) {
    throw new Unanswered(error.stderr?.trim().split("\n")[0] || error.message.split("\n")[0]);
  }
}

const connection = () => (process.env.WATCH_REDIS ?? "-s /run/redis-queue/redis.sock --user operator").split(" ");

function password() {
  const file = process.env.WATCH_PASSWORD_FILE;
  return file === undefined ? "" : readFileSync(file, "utf8").trim();
}

/** The numbers of the databases that hold anything. */
async function databases() {
  return [...(await redisCli("INFO", "keyspace")).matchAll(/^db(\d+):/gm)].map(([, number]) => Number(number));
}

/** One look at a database: see round.lua. */
async function look(database, ask) {
  const answer = JSON.parse(await redisCli("-n", String(database), "EVAL_RO", SCRIPT, "0", JSON.stringify(ask)));
  // Lua knows no difference between an empty list and an empty object.
  const list = (value) => (Array.isArray(value) ? value : []);
  return {
    ...answer,
    found: list(answer.found),
    queues: list(answer.queues).map((queue) => ({
      ...queue,
      events: list(queue.events),
      failed: list(queue.failed),
      doubtful: list(queue.doubtful),
    })),
  };
}

module.exports = { databases, look, Unanswered };
