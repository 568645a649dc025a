-- One job through the states of a queue of its own, as a worker moves it, with the structures that BullMQ uses. Not by BullMQ's own
-- scripts: it proves that this Redis takes and gives what a queue is made of. Answers 1.
local queue = "queuehost-proof"
local job = queue .. ":1"
redis.call("HSET", job, "name", "proof", "data", "{}")
redis.call("LPUSH", queue .. ":wait", "1")
redis.call("ZADD", queue .. ":marker", 0, "0")
redis.call("ZPOPMIN", queue .. ":marker")
local id = redis.call("RPOPLPUSH", queue .. ":wait", queue .. ":active")
redis.call("SET", job .. ":lock", "token", "PX", 30000)
redis.call("HSET", job, "returnvalue", redis.call("HGET", job, "data"))
local moved = redis.call("LREM", queue .. ":active", -1, id)
redis.call("ZADD", queue .. ":completed", 1, id)
redis.call("XADD", queue .. ":events", "*", "event", "completed", "jobId", id)
redis.call("DEL", job .. ":lock")
return moved == 1 and redis.call("ZCARD", queue .. ":completed") == 1 and redis.call("LLEN", queue .. ":wait") == 0 and 1 or 0
