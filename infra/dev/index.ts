/** The stack `dev`: what `npm run dev` brings where Docker is to be had. */
import * as pulumi from "@pulumi/pulumi";
import { DevRedis } from "./containers";

const config = new pulumi.Config();
const redis = new DevRedis("queuehost-dev", {
  redisPort: config.requireNumber("redisPort"),
  commanderPort: config.requireNumber("commanderPort"),
});

export const redisPort = redis.redisPort;
export const commander = redis.commander;
