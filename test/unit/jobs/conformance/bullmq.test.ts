import { openBullmq } from "../../../../app/jobs/provider/bullmq";
import { redis } from "../../app/support/redis-server";
import { startRedis } from "./servers";
import { conforms } from "./suite";

conforms("bullmq", redis.missing ? "no redis-server on this machine" : "", startRedis, openBullmq);
