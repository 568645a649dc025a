-- ARGV: names of queues, with their prefix. Answers a line for each: name, counts by state, digest; tabs between them. The digest
-- covers the order of jobs in each state and their content: where there are many, those at both ends, so that the answer never
-- takes long. Equal data give equal lines, wherever and by whom they are asked.
local IDS, BODIES = 5000, 100
local STATES = {
  { "active", "list" }, { "wait", "list" }, { "paused", "list" }, { "prioritized", "zset" }, { "delayed", "zset" },
  { "waiting-children", "zset" }, { "failed", "zset" }, { "completed", "zset" },
}

local function range(key, kind, first, last)
  if kind == "list" then return redis.call("LRANGE", key, first, last) end
  return redis.call("ZRANGE", key, first, last, "WITHSCORES")
end

-- The two ends of a range of `count` items, or all of it.
local function ends(count, each)
  if count <= 2 * each then return { { 0, -1 } } end
  return { { 0, each - 1 }, { -each, -1 } }
end

local function body(key)
  if redis.call("TYPE", key).ok ~= "hash" then return "" end
  local pairs_ = redis.call("HGETALL", key)
  local fields = {}
  for i = 1, #pairs_, 2 do fields[#fields + 1] = pairs_[i] .. "\0" .. pairs_[i + 1] end
  table.sort(fields)
  return table.concat(fields, "\1")
end

local lines = {}
for _, queue in ipairs(ARGV) do
  local counts, digest = {}, ""
  for _, state in ipairs(STATES) do
    local name, kind = state[1], state[2]
    local key = queue .. ":" .. name
    local count = 0
    if redis.call("TYPE", key).ok == kind then
      count = redis.call(kind == "list" and "LLEN" or "ZCARD", key)
      for _, piece in ipairs(ends(count, IDS)) do
        digest = redis.sha1hex(digest .. name .. "\0" .. table.concat(range(key, kind, piece[1], piece[2]), "\0"))
      end
      for _, piece in ipairs(ends(count, BODIES)) do
        local items = range(key, kind, piece[1], piece[2])
        for i = 1, #items, kind == "list" and 1 or 2 do digest = redis.sha1hex(digest .. body(queue .. ":" .. items[i])) end
      end
    end
    counts[#counts + 1] = name .. "=" .. count
  end
  lines[#lines + 1] = queue .. "\t" .. table.concat(counts, " ") .. "\t" .. digest
end
return lines
