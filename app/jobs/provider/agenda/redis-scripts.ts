/**
 * Steps on the jobs of Agenda's Redis backend, as Lua: atomic. A job is the hash and stands in the sets that Agenda knows; beside
 * them, sorted sets per queue and status say in what order jobs are taken, since Agenda's own search reads all jobs of a
 * name, finished ones too, with each take.
 *
 * KEYS[1] is `<prefix>:agenda:`, ARGV[1] the name, ARGV[2] now.
 */
const COMMON = `
local base, name, now = KEYS[1], ARGV[1], tonumber(ARGV[2])
local function set(status) return base .. 'queue:' .. name .. ':' .. status end
local function key(id) return base .. 'job:' .. id end
local function field(id, what)
  local value = redis.call('HGET', key(id), what)
  if value == 'null' then return false end
  return value
end
local function leave(id)
  local status, place = field(id, 'status'), field(id, 'place')
  if status then redis.call('ZREM', set(status), place) end
end
local function enter(id)
  local status, place, score = 'completed', id, field(id, 'finishedAtMs')
  local lockedAt, nextRunAt = field(id, 'lockedAtMs'), field(id, 'nextRunAtMs')
  if lockedAt then status, score = 'active', lockedAt
  elseif nextRunAt and tonumber(nextRunAt) > now then status, score = 'scheduled', nextRunAt
  elseif nextRunAt then status, place, score = 'waiting', field(id, 'order') .. ' ' .. id, -tonumber(field(id, 'priority'))
  elseif field(id, 'failedAt') then status = 'failed' end
  redis.call('ZADD', set(status), score or 0, place)
  redis.call('HSET', key(id), 'status', status, 'place', place)
  local due = nextRunAt and tonumber(nextRunAt) or 9007199254740991
  redis.call('ZADD', base .. 'jobs:by_next_run_at', due, id)
end
local function forget(id)
  leave(id)
  redis.call('DEL', key(id))
  redis.call('SREM', base .. 'jobs:all', id)
  redis.call('SREM', base .. 'jobs:by_name:' .. name, id)
  redis.call('ZREM', base .. 'jobs:by_next_run_at', id)
end
local function promote()
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', set('scheduled'), '-inf', now)) do
    redis.call('ZREM', set('scheduled'), id)
    if redis.call('EXISTS', key(id)) == 1 then enter(id) end
  end
end
local function idAt(status, place)
  if status == 'waiting' then return string.sub(place, string.find(place, ' ') + 1) end
  return place
end
`;

/** ARGV: id, then fields and values; again for each job. */
export const ADD = `${COMMON}
local at = 3
while at <= #ARGV do
  local id, count = ARGV[at], tonumber(ARGV[at + 1])
  if redis.call('EXISTS', key(id)) == 0 then
    redis.call('HSET', key(id), unpack(ARGV, at + 2, at + 1 + count))
    redis.call('SADD', base .. 'jobs:all', id)
    redis.call('SADD', base .. 'jobs:by_name:' .. name, id)
    enter(id)
  end
  at = at + 2 + count
end`;

/** ARGV: deadline, holder, now as ISO 8601. */
export const TAKE = `${COMMON}
local function lock(id, expired)
  leave(id)
  redis.call('HSET', key(id), 'lockedAtMs', now, 'lastModifiedBy', ARGV[4], 'lastRunAt', ARGV[5], 'updatedAt', ARGV[5])
  enter(id)
  return {redis.call('HGETALL', key(id)), expired}
end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', set('active'), '-inf', ARGV[3])) do
  if redis.call('EXISTS', key(id)) == 1 then return lock(id, 1) end
  redis.call('ZREM', set('active'), id)
end
promote()
while true do
  local place = redis.call('ZRANGE', set('waiting'), 0, 0)[1]
  if not place then return false end
  local id = idAt('waiting', place)
  if redis.call('EXISTS', key(id)) == 1 then return lock(id, 0) end
  redis.call('ZREM', set('waiting'), place)
end`;

/** ARGV: id, condition (held, pending or failed), holder, then fields and values. */
export const CHANGE = `${COMMON}
local id, condition = ARGV[3], ARGV[4]
if redis.call('EXISTS', key(id)) == 0 then return 0 end
local locked, pending = field(id, 'lockedAtMs'), field(id, 'nextRunAtMs')
if condition == 'held' and not (locked and field(id, 'lastModifiedBy') == ARGV[5]) then return 0 end
if condition == 'pending' and (locked or not pending) then return 0 end
if condition == 'failed' and (locked or pending or not field(id, 'failedAt')) then return 0 end
leave(id)
redis.call('HSET', key(id), unpack(ARGV, 6))
enter(id)
return 1`;

/** ARGV: id. */
export const DELETE = `${COMMON}
local id = ARGV[3]
if redis.call('EXISTS', key(id)) == 0 then return 'unknown' end
if field(id, 'lockedAtMs') then return 'active' end
forget(id)
return 'removed'`;

/** ARGV: status, first, last. */
export const PAGE = `${COMMON}
promote()
local jobs = {}
for _, place in ipairs(redis.call('ZREVRANGE', set(ARGV[3]), ARGV[4], ARGV[5])) do
  table.insert(jobs, redis.call('HGETALL', key(idAt(ARGV[3], place))))
end
return jobs`;

export const COUNTS = `${COMMON}
promote()
local counts = {}
for _, status in ipairs({'scheduled', 'waiting', 'active', 'completed', 'failed'}) do
  table.insert(counts, redis.call('ZCARD', set(status)))
end
return counts`;

/** ARGV: status, before, how many to keep. At most a thousand at once: Redis serves nobody else meanwhile. */
export const TRIM = `${COMMON}
local ended = set(ARGV[3])
for _, id in ipairs(redis.call('ZRANGEBYSCORE', ended, '-inf', ARGV[4], 'LIMIT', 0, 1000)) do
  forget(id)
  redis.call('ZREM', ended, id)
end
local surplus = math.min(1000, redis.call('ZCARD', ended) - tonumber(ARGV[5]))
if surplus > 0 then
  for _, id in ipairs(redis.call('ZRANGE', ended, 0, surplus - 1)) do
    forget(id)
    redis.call('ZREM', ended, id)
  end
end`;
