import * as pulumi from "@pulumi/pulumi";
import { beforeAll, expect, test } from "vitest";
import { waitFor } from "../../support/wait-for";

interface Made {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const made: Made[] = [];
let outputs: { redisPort: pulumi.Output<number>; commander: pulumi.Output<string> };

beforeAll(async () => {
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs }) {
        made.push({ type, name, inputs });
        return { id: `${name}-id`, state: { ...inputs, imageId: `sha256:${name}` } };
      },
      call: ({ inputs }) => inputs,
    },
    "queuehost-dev",
    "dev",
  );
  pulumi.runtime.setAllConfig({ "queuehost-dev:redisPort": "6400", "queuehost-dev:commanderPort": "8082" });
  outputs = await import("../../../infra/dev/index.js");
  await waitFor(
    "all resources are declared",
    async () => made.filter(({ type }) => /container/.test(type)).length === 2,
  );
});

const value = <T>(output: pulumi.Output<T>) => new Promise<T>((settle) => output.apply(settle));
const inputsOf = (name: string, type: string) => made.find((one) => one.name === name && one.type === type)?.inputs;
const container = (name: string) => inputsOf(`queuehost-dev-${name}`, "docker:index/container:Container");

test("Redis is the image that was asked for, never evicts, keeps its data, and answers on loopback alone", () => {
  expect(inputsOf("queuehost-dev-redis", "docker:index/remoteImage:RemoteImage")).toMatchObject({
    name: "redis:7-alpine",
  });
  expect(container("redis")).toMatchObject({
    image: "sha256:queuehost-dev-redis",
    command: ["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction"],
    ports: [{ internal: 6379, external: 6400, ip: "127.0.0.1" }],
    volumes: [{ volumeName: "queuehost-dev-redis", containerPath: "/data" }],
    wait: true,
  });
});

test("its browser reaches it by name, asks for a password, and answers on loopback alone", () => {
  expect(container("commander")).toMatchObject({
    envs: ["REDIS_HOSTS=local:redis:6379", "HTTP_USER=admin", "HTTP_PASSWORD=password"],
    ports: [{ internal: 8081, external: 8082, ip: "127.0.0.1" }],
    networksAdvanced: [{ name: "queuehost-dev" }],
  });
  expect(container("redis")).toMatchObject({ networksAdvanced: [{ name: "queuehost-dev", aliases: ["redis"] }] });
});

test("the stack says where both are", async () => {
  expect(await value(outputs.redisPort)).toBe(6400);
  expect(await value(outputs.commander)).toBe("http://127.0.0.1:8082");
});
