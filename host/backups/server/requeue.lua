-- ARGV: names of queues, with their prefix. What was running when the snapshot was made runs nowhere now: back to waiting it goes,
-- the oldest first, as BullMQ does with jobs that have stalled, but without counting that against them. Answers how many there were.
local moved = 0
for _, queue in ipairs(ARGV) do
  local active = queue .. ":active"
  if redis.call("TYPE", active).ok == "list" then
    local meta = queue .. ":meta"
    local paused = redis.call("HEXISTS", meta, "paused") == 1
    -- Up to version 5 the jobs of a paused queue wait in another list.
    local major = tonumber(string.match(redis.call("HGET", meta, "version") or "", ":(%d+)")) or 0
    local target = queue .. ((paused and major < 6) and ":paused" or ":wait")
    for _, id in ipairs(redis.call("LRANGE", active, 0, -1)) do
      redis.call("RPUSH", target, id)
      redis.call("DEL", queue .. ":" .. id .. ":lock")
      moved = moved + 1
    end
    redis.call("DEL", active, queue .. ":stalled", queue .. ":stalled-check")
    if not paused then redis.call("ZADD", queue .. ":marker", 0, "0") end
  end
end
return moved
