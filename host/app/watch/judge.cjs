// The rules by which a release is taken back. docs/watch.md says where each number comes from.

/** Different jobs that have to have failed: below it, a share says nothing. */
const FAILED_JOBS = 5;
/** Jobs that may stall beyond those that stalled before, in as much time. */
const STALLED_JOBS = 3;
/** Jobs on either side that a comparison of times takes; and of the same name, under the release before. */
const TIMED_JOBS = 10;
const NAMED_JOBS = 5;
/** How many times longer jobs have to take, or what share of them may run at a time, for long waits to be the release's doing. */
const SLOWDOWN = 2;
const FEWER = 0.8;
/** Milliseconds that nobody minds waiting, whatever the factor. */
const WAIT_MS = 5_000;
/** Milliseconds after which a queue that hands out nothing is stuck, at least. */
const STUCK_MS = 15_000;
/** Milliseconds of the watch before times are compared: the first jobs of a new process are slow. */
const WARM_UP_MS = 10_000;
/** Restarts of one process. */
const RESTARTS = 2;
/** Milliseconds for which a backend has to be unhealthy at a stretch. */
const UNHEALTHY_MS = 10_000;

/**
 * Why a queue is worse off than before, in words with numbers; undefined where it isn't, or where nothing is known to compare
 * with.
 *
 * @param queue its name
 * @param before figures under the release before: `recent` and `all` that the stream still had; undefined where there are none
 * @param after figures since the switch
 * @param now {now, since, next, held, waiting}: times in milliseconds; `next` is since when the next job has waited, if any does
 * @param limits {failures, wait}: percent points and factor
 */
function judgeQueue(queue, before, after, now, limits) {
  if (before === undefined) return undefined;
  return (
    failures(queue, before, after, limits) ??
    stalls(queue, before, after) ??
    (now.held ? undefined : (waiting(queue, before, after, now, limits) ?? stuck(queue, before, after, now, limits)))
  );
}

const percent = ({ failed, ended }) => (ended === 0 ? 0 : (100 * failed) / ended);
const seconds = (ms) => `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
const whole = (share) => `${Math.round(share)}%`;

/** The worse of what just was and what usually was: neither a bad hour nor a bad minute is the new release's fault. */
const worst = ({ recent, all }, of) => Math.max(of(recent), of(all));

function failures(queue, before, after, { failures: limit }) {
  if (worst(before, ({ ended }) => ended) === 0 || after.failedJobs < FAILED_JOBS) return undefined;
  const [was, is] = [worst(before, percent), percent(after)];
  if (is - was <= limit) return undefined;
  return `${queue}: ${after.failed} of ${after.ended} attempts failed (${whole(is)}), before it ${whole(was)}`;
}

function stalls(queue, before, after) {
  const span = after.to - after.from;
  const was = Math.ceil(worst(before, ({ stalledJobs, from, to }) => (stalledJobs * span) / Math.max(to - from, span)));
  if (after.stalledJobs <= was + STALLED_JOBS) return undefined;
  return `${queue}: ${after.stalledJobs} jobs stalled in ${seconds(span)}, before it ${was}`;
}

/**
 * Longer waits are the release's doing only where its workers do fewer jobs at a time, or take longer for jobs of the same name:
 * otherwise more jobs came, or other ones.
 */
function waiting(queue, before, after, { now, since }, { wait: factor }) {
  if (factor === 0 || now - since < WARM_UP_MS) return undefined;
  if (after.taken < TIMED_JOBS || before.all.taken < TIMED_JOBS) return undefined;
  const was = worst(before, ({ waitP95 }) => waitP95);
  if (after.waitP95 <= Math.max(was * factor, WAIT_MS)) return undefined;
  const busy = before.recent.ended < TIMED_JOBS ? before.all.busy : before.recent.busy;
  const times = slowdown(before.all.runs, after.runs);
  const why =
    times > SLOWDOWN
      ? `they take ${times.toFixed(1)} times as long`
      : after.busy < FEWER * busy
        ? `${after.busy.toFixed(1)} run at a time instead of ${busy.toFixed(1)}`
        : undefined;
  if (why === undefined) return undefined;
  return `${queue}: 95% of the jobs wait up to ${seconds(after.waitP95)} for a worker, before it ${seconds(was)}; ${why}`;
}

/** How many times longer jobs take than those of the same name took: the median of the jobs that can be compared, 1 without any. */
function slowdown(before, after) {
  const compared = Object.entries(after)
    .filter(([name]) => (before[name]?.count ?? 0) >= NAMED_JOBS)
    .map(([name, { count, median }]) => ({ count, times: median / Math.max(before[name].median, 1) }))
    .sort((a, b) => a.times - b.times);
  const half = compared.reduce((total, { count }) => total + count, 0) / 2;
  let passed = 0;
  for (const { count, times } of compared) {
    passed += count;
    if (passed >= half) return times;
  }
  return 1;
}

function stuck(queue, before, after, { now, since, next, waiting: count }, { wait: factor }) {
  if (factor === 0 || next === undefined || before.all.ended < TIMED_JOBS) return undefined;
  const limit = Math.max(
    STUCK_MS,
    factor * worst(before, ({ waitP95 }) => waitP95),
    3 * worst(before, ({ runP95 }) => runP95),
  );
  const idle = now - Math.max(since, after.lastTaken, after.lastEnded);
  if (idle <= limit || now - next <= limit) return undefined;
  return `${queue}: no job has been taken for ${seconds(idle)} while ${count} wait`;
}

/**
 * Why the processes are worse off than before.
 *
 * @param instances {name, restarts, before, ended, unhealthy}: restarts since the watch began, and of the same process under the
 *   release before; words on how it last ended; milliseconds for which it has been unhealthy
 * @param redis whether Redis answers: without it, many a backend is rightly unhealthy, under any release
 */
function judgeProcesses(instances, redis) {
  for (const { name, restarts, before, ended, unhealthy } of instances) {
    const oom = /oom|memory/i.test(ended ?? "");
    if (restarts > before && (restarts >= RESTARTS + before || (oom && before === 0)))
      return `${name} ended and was restarted ${restarts} times${ended ? ` (${ended})` : ""}, before it ${before} times`;
    if (redis && unhealthy >= UNHEALTHY_MS) return `${name} has not been healthy for ${seconds(unhealthy)}`;
  }
  return undefined;
}

module.exports = { judgeQueue, judgeProcesses };
