import type Docker from "dockerode";
import { expect, test } from "vitest";
import { UserError } from "../../../scripts/lib/errors";
import { withEngine } from "../../../twin/docker/engine";
import { dismantle } from "../../../twin/machines/dismantle";
import { names } from "../../../twin/machines/names";

const own = names("/");
const missing = () => Promise.reject(Object.assign(new Error("no such image"), { statusCode: 404 }));

/** An engine with those images, and one machine of a twin whose own image is gone; writes down what is done to it. */
function engineWith(images: readonly { Id: string; Created: number }[]) {
  const done: string[] = [];
  const note = (what: string) => async () => void done.push(what);
  const container = (id: string) => ({
    start: note(`run ${id}`),
    wait: async () => ({ StatusCode: 0 }),
    logs: async () => Buffer.from(""),
    remove: note(`remove ${id}`),
  });
  const docker = {
    ping: async () => "OK",
    listContainers: async () => [{ Id: "machine", Image: "queuehost-debian:13-gone" }],
    listImages: async () => [...images],
    getImage: () => ({ inspect: missing }),
    getContainer: container,
    getNetwork: (name: string) => ({ remove: note(`remove ${name}`) }),
    createContainer: async ({ Image }: { Image: string }) => container(`helper of ${Image}`),
  };
  return { docker: docker as unknown as Docker, done };
}

test("without its own image, the newest machine image that is here removes the rules", async () => {
  const { docker, done } = engineWith([
    { Id: "old", Created: 1 },
    { Id: "new", Created: 2 },
  ]);
  const lines: string[] = [];
  await dismantle(docker, own, undefined, (line) => lines.push(line));
  expect(done).toEqual(["remove machine", "run helper of new", "remove helper of new", `remove ${own.network}`]);
  expect(lines).toEqual([]);
});

test("without any image none is made: all but the rules goes, and what stays is said, with the command for it", async () => {
  const { docker, done } = engineWith([]);
  const lines: string[] = [];
  await dismantle(docker, own, undefined, (line) => lines.push(line));
  expect(done).toEqual(["remove machine", `remove ${own.network}`]);
  expect(lines).toEqual([expect.stringMatching(`with: sudo nft delete table inet ${own.table}$`)]);
});

test("what somebody else is removing is waited for: the network can't go before it", async () => {
  const { docker, done } = engineWith([]);
  const removed = async () => {
    await new Promise((settle) => setImmediate(settle));
    done.push("machine is gone");
    throw Object.assign(new Error("no such container"), { statusCode: 404 });
  };
  const busy = () => Promise.reject(Object.assign(new Error("already in progress"), { statusCode: 409 }));
  const machine = { remove: busy, wait: removed } as unknown as Docker.Container;
  docker.getContainer = () => machine;
  await dismantle(docker, own, undefined, () => undefined);
  expect(done).toEqual(["machine is gone", `remove ${own.network}`]);
});

test("an engine that fails, or stops meanwhile, is named; a defect stays one", async () => {
  const { docker } = engineWith([]);
  const failing = (error: Error, on = docker) => withEngine(on, () => Promise.reject(error)).catch((seen) => seen);
  const full = Object.assign(new Error("(HTTP code 500) server error - no space left on device "), { statusCode: 500 });
  const told = await failing(full);
  expect(told).toBeInstanceOf(UserError);
  expect(told.message).toContain("Docker failed: (HTTP code 500) server error - no space left on device; mend that");
  const stopped = { ping: () => Promise.reject(new Error("socket hang up")) } as unknown as Docker;
  expect((await failing(new Error("socket hang up"), stopped)).message).toContain("Docker stopped answering: socket");
  const defect = new TypeError("defect");
  expect(await failing(defect)).toBe(defect);
});
