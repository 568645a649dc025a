import { openAgenda } from "../../../../app/jobs/provider/agenda";
import { redis } from "../../app/support/redis-server";
import { startRedis } from "./servers";
import { conforms } from "./suite";

conforms("agenda", redis.missing ? "no redis-server on this machine" : "", startRedis, openAgenda);
