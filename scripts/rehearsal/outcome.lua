-- ARGV: the number of the database; JSON of what was read before, {since = milliseconds, read = {["<database> <queue>"] = {after,
-- added}}}; names of queues with their prefix. Answers JSON: of each queue how many jobs are in which state, and what became of jobs
-- since it was read, by the events that BullMQ keeps: done, failed for good, to be tried again; with the reasons. `cut`: events were
-- gone before they could be read.
local STATES = {
  { "wait", "LLEN" }, { "active", "LLEN" }, { "paused", "LLEN" }, { "prioritized", "ZCARD" }, { "delayed", "ZCARD" },
  { "waiting-children", "ZCARD" }, { "failed", "ZCARD" }, { "completed", "ZCARD" },
}
local REASONS = 200
local ask = cjson.decode(ARGV[2])

local function fieldsOf(flat)
  local fields = {}
  for i = 1, #flat, 2 do fields[flat[i]] = flat[i + 1] end
  return fields
end

local function reasonOf(key, job)
  local hash = redis.call("HMGET", key .. ":" .. job, "name", "failedReason")
  return hash[1] or "?", hash[2] or ""
end

-- Jobs of one name that fail alike: numbers and ids differ.
local function note(reasons, name, reason, again)
  local text = string.sub(string.match(reason, "^[^\r\n]*"), 1, 200)
  local alike = string.gsub(text, "%d+", "#")
  local key = name .. "\0" .. alike .. "\0" .. tostring(again)
  if not reasons[key] then
    if reasons.count == REASONS then return end
    reasons.count = reasons.count + 1
    reasons[key] = { key = key, name = name, reason = text, again = again, count = 0 }
  end
  reasons[key].count = reasons[key].count + 1
end

local function eventsOf(key, out, before)
  local stream = key .. ":events"
  out.after, out.added = before.after, before.added
  if redis.call("TYPE", stream).ok ~= "stream" then return end
  local entries = redis.call("XRANGE", stream, "(" .. before.after, "+")
  out.added = fieldsOf(redis.call("XINFO", "STREAM", stream))["entries-added"] or 0
  out.cut = before.known == true and out.added - before.added > #entries
  local reasons, new = { count = 0 }, nil
  for _, entry in ipairs(entries) do
    local event = fieldsOf(entry[2])
    local kind, job = event.event, event.jobId
    out.after = entry[1]
    if kind == "completed" then
      out.completed = out.completed + 1
    elseif kind == "failed" then
      out.failed = out.failed + 1
      note(reasons, (reasonOf(key, job)), event.failedReason or "", false)
    elseif kind == "delayed" and new ~= job or kind == "waiting" and (event.prev == "active" or event.prev == "failed") then
      -- BullMQ has no event of its own for an attempt that failed. A job that put itself off has no reason to show.
      local name, reason = reasonOf(key, job)
      if reason ~= "" then
        out.again = out.again + 1
        note(reasons, name, reason, true)
      end
    end
    -- A job that is added with a delay is told of twice, one right after the other.
    new = kind == "added" and job or nil
  end
  reasons.count = nil
  for _, reason in pairs(reasons) do table.insert(out.reasons, reason) end
end

local function look(key)
  local out = { database = tonumber(ARGV[1]), queue = key, jobs = {}, completed = 0, failed = 0, again = 0, cut = false, reasons = {} }
  for _, state in ipairs(STATES) do
    local kind = redis.call("TYPE", key .. ":" .. state[1]).ok
    out.jobs[state[1]] = kind == "none" and 0 or redis.call(state[2], key .. ":" .. state[1])
  end
  out.paused = redis.call("HEXISTS", key .. ":meta", "paused") == 1
  local read = ask.read[ARGV[1] .. " " .. key]
  eventsOf(key, out, read and { after = read.after, added = read.added, known = true }
    or { after = string.format("%.0f-0", ask.since), added = 0, known = false })
  return out
end

local queues = {}
for i = 3, #ARGV do queues[#queues + 1] = look(ARGV[i]) end
return cjson.encode(queues)
