-- ARGV: a time in milliseconds, names of queues with their prefix. Answers JSON: of each queue how many jobs are in which state, and
-- what became of jobs since that time, by the events that BullMQ keeps: done, failed for good, to be tried again; with the reasons,
-- most frequent first. `cut`: there were more events than are kept.
local COUNTS = {
  { "wait", "LLEN" }, { "active", "LLEN" }, { "paused", "LLEN" }, { "prioritized", "ZCARD" }, { "delayed", "ZCARD" },
  { "waiting-children", "ZCARD" }, { "failed", "ZCARD" }, { "completed", "ZCARD" },
}
local REASONS, EVENTS = 20, 50000

local function fieldsOf(entry)
  local event = {}
  for i = 1, #entry[2], 2 do event[entry[2][i]] = entry[2][i + 1] end
  return event
end

local function reasonOf(key, job)
  local hash = redis.call("HMGET", key .. ":" .. job, "name", "failedReason")
  return hash[1] or "?", hash[2] or ""
end

-- Jobs of one name that fail alike: numbers and ids differ.
local function noted(reasons, name, reason, again)
  local text = string.sub(string.match(reason, "^[^\r\n]*"), 1, 200)
  local key = name .. "\0" .. string.gsub(text, "%d+", "#") .. tostring(again)
  local known = reasons[key] or { name = name, reason = text, again = again, count = 0 }
  known.count = known.count + 1
  reasons[key] = known
end

local function outcomeOf(key, since)
  local out = { queue = key, jobs = {}, completed = 0, failed = 0, again = 0, cut = false, paused = false, reasons = {} }
  for _, state in ipairs(COUNTS) do
    local kind = redis.call("TYPE", key .. ":" .. state[1]).ok
    out.jobs[state[1]] = kind == "none" and 0 or redis.call(state[2], key .. ":" .. state[1])
  end
  out.paused = redis.call("HEXISTS", key .. ":meta", "paused") == 1
  local stream = key .. ":events"
  if redis.call("TYPE", stream).ok ~= "stream" then return out end
  local entries = redis.call("XRANGE", stream, string.format("%.0f-0", since), "+", "COUNT", EVENTS)
  local first = redis.call("XRANGE", stream, "-", "+", "COUNT", 1)[1]
  out.cut = #entries == EVENTS or #entries > 0 and first[1] == entries[1][1] and redis.call("XLEN", stream) >= 9000
  local running, reasons = {}, {}
  for _, entry in ipairs(entries) do
    local event = fieldsOf(entry)
    local kind, job = event.event, event.jobId
    if kind == "active" then running[job] = true end
    if kind == "completed" then
      out.completed = out.completed + 1
      running[job] = nil
    elseif kind == "failed" then
      out.failed = out.failed + 1
      noted(reasons, (reasonOf(key, job)), event.failedReason or "", false)
      running[job] = nil
    elseif (kind == "delayed" or kind == "waiting") and running[job] then
      local name, reason = reasonOf(key, job)
      if reason ~= "" then
        out.again = out.again + 1
        noted(reasons, name, reason, true)
      end
      running[job] = nil
    end
  end
  for _, reason in pairs(reasons) do table.insert(out.reasons, reason) end
  -- What failed for good comes first: the rest may still end well.
  table.sort(out.reasons, function(one, other)
    if one.again ~= other.again then return other.again end
    return one.count > other.count
  end)
  for i = #out.reasons, REASONS + 1, -1 do out.reasons[i] = nil end
  return out
end

local queues = {}
for i = 2, #ARGV do queues[#queues + 1] = outcomeOf(ARGV[i], tonumber(ARGV[1])) end
return cjson.encode(queues)
