import { Redis } from "ioredis";
import { afterAll, expect, test } from "vitest";
import { REDIS_IMAGE } from "../../infra/dev/containers";
import { bringContainers, lackOfContainers, removeContainers } from "../../scripts/dev/containers";
import { engine } from "../../twin/docker/engine";
import { freePort } from "../support/free-port";

/** Nothing is pulled for a test: an image that is not here is not to be had. */
const lackOfImage = async () =>
  await engine()
    .getImage(REDIS_IMAGE)
    .inspect()
    .then(
      () => undefined,
      () => `there is no image ${REDIS_IMAGE}`,
    );

let isBrought = false;
afterAll(async () => {
  if (isBrought) await removeContainers();
});

test("the stack dev: Redis answers on loopback, never evicts, and a second run changes nothing", async ({ skip }) => {
  const lack = (await lackOfContainers()) ?? (await lackOfImage());
  if (lack !== undefined) skip(lack);
  const ports = { redis: await freePort(), commander: await freePort() };
  isBrought = true;
  const { redisPort } = await bringContainers(ports);
  const client = new Redis({ host: "127.0.0.1", port: redisPort });
  await client.set("kept", "yes");
  expect(await client.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
  expect((await bringContainers(ports)).redisPort).toBe(redisPort);
  expect(await client.get("kept")).toBe("yes");
  client.disconnect();
});
