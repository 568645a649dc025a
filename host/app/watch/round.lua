-- One look at the queues of one database. Sent by EVAL_RO: it can write nothing. ARGV[1] is what is asked, the answer JSON:
--   scan    cursor of SCAN: some steps further through the keys, for queues that aren't known yet
--   queues  {key, after, before, count, failedAfter, active}: the events between two ids, at most the newest `count` of them; jobs
--           that failed for good since `failedAfter`; and where `active` is true, those that run
--   bytes   of jobs that the answer may hold
local ask = cjson.decode(ARGV[1])
local time = redis.call('TIME')
local answer = { now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000), found = {}, queues = {} }

local function fields(key)
  local flat, hash = redis.call('HGETALL', key), {}
  for i = 1, #flat, 2 do hash[flat[i]] = flat[i + 1] end
  return hash
end

if ask.scan then
  local cursor = ask.scan
  for _ = 1, 20 do
    local page = redis.call('SCAN', cursor, 'MATCH', '*:meta', 'COUNT', 500)
    cursor = page[1]
    for _, meta in ipairs(page[2]) do
      local key = string.sub(meta, 1, -6)
      if redis.call('TYPE', key .. ':events').ok == 'stream' then table.insert(answer.found, key) end
    end
    if cursor == '0' then break end
  end
  answer.scan = cursor
end

local INTERESTING = { waiting = 'w', active = 'a', completed = 'c', failed = 'f', stalled = 's' }

-- Whether an attempt of the job has failed: BullMQ keeps what it failed with. nil where the job is gone.
local function hasFailed(key, id)
  local hash = redis.call('HMGET', key .. ':' .. id, 'timestamp', 'stacktrace')
  if not hash[1] then return nil end
  return hash[2] ~= false
end

-- The events as {time, letter, job}: n(ew, with its name), w(aiting), a(ctive), c(ompleted), f(ailed for good), r (an attempt failed, and the job is to
-- be tried again), s(talled). BullMQ has no event of its own for r: the job goes back to `waiting` or `delayed` from `active`, as
-- one does that was handed back or put off by its own will.
local function eventsOf(queue)
  local out, added, last = {}, {}, nil
  local entries = redis.call('XREVRANGE', queue.key .. ':events', queue.before or '+', '(' .. queue.after, 'COUNT', queue.count)
  for i = #entries, 1, -1 do
    local id, event = entries[i][1], {}
    for j = 1, #entries[i][2], 2 do event[entries[i][2][j]] = entries[i][2][j + 1] end
    local kind, job = event.event, event.jobId
    last = id
    local letter = INTERESTING[kind]
    if kind == 'added' then
      added[job] = true
      table.insert(out, { tonumber(string.match(id, '^%d+')), 'n', job, event.name })
    elseif kind == 'delayed' and not added[job] or kind == 'waiting' and (event.prev == 'active' or event.prev == 'failed') then
      if hasFailed(queue.key, job) ~= false then table.insert(out, { tonumber(string.match(id, '^%d+')), 'r', job }) end
    end
    if kind == 'active' then added[job] = nil end
    if letter and job then table.insert(out, { tonumber(string.match(id, '^%d+')), letter, job }) end
  end
  return out, last, #entries
end

local room = ask.bytes or 0
local function copy(queue, ids)
  local out = {}
  for _, id in ipairs(ids) do
    if room <= 0 then break end
    local hash = fields(queue.key .. ':' .. id)
    hash.stacktrace = nil
    if hash.data then
      room = room - #hash.data
      table.insert(out, { id = id, hash = hash })
    end
  end
  return out
end

local function failedOf(queue)
  if not queue.failedAfter then return {} end
  return copy(queue, redis.call('ZRANGEBYSCORE', queue.key .. ':failed', queue.failedAfter, '+inf', 'LIMIT', 0, 500))
end

-- Jobs that may fail for good next, and be gone with it: those that are to be tried again.
local function doubtfulOf(queue, events)
  local ids = queue.active and redis.call('LRANGE', queue.key .. ':active', 0, 99) or {}
  for _, event in ipairs(events) do
    if event[2] == 'r' then table.insert(ids, event[3]) end
  end
  return queue.failedAfter and copy(queue, ids) or {}
end

-- The job that a worker would take next, and whether none may be taken now.
local function nextOf(key)
  local id = redis.call('LINDEX', key .. ':wait', -1) or redis.call('ZRANGE', key .. ':prioritized', 0, 0)[1]
  -- BullMQ 4 keeps markers of delayed jobs among those that wait.
  if id and string.sub(id, 1, 2) == '0:' then id = nil end
  local held = redis.call('HEXISTS', key .. ':meta', 'paused') == 1 or redis.call('EXISTS', key .. ':limiter') == 1
  return id, held
end

for _, queue in ipairs(ask.queues) do
  local events, last, read = eventsOf(queue)
  local following, held = nextOf(queue.key)
  table.insert(answer.queues, {
    key = queue.key, events = events, last = last, read = read, failed = failedOf(queue),
    doubtful = doubtfulOf(queue, events), next = following, held = held,
    waiting = redis.call('LLEN', queue.key .. ':wait') + redis.call('ZCARD', queue.key .. ':prioritized'),
  })
end

return cjson.encode(answer)
