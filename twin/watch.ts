import { setTimeout as sleep } from "node:timers/promises";
import { unreachable } from "./docker/engine";
import { hasPower, type Server, type StorageBox } from "./state";
import { powerOnProved } from "./trap/prove";
import type { Twin } from "./twin";

/** How often Docker is asked whether it is back. */
const RETRY_MS = 2_000;

/**
 * Brings Docker to what the state says: the network, the rules, machines that should have power and haven't; removes
 * machines that the state doesn't know. For the start of the twin, and for the return of Docker.
 */
export async function reconcile(twin: Twin): Promise<void> {
  await twin.machines.removeHelpers();
  twin.state.network = await twin.machines.network(twin.state);
  twin.store.save();
  await twin.applyRules();
  const present = await twin.machines.list();
  for (const id of present.keys()) {
    if (twin.state.servers.some((server) => server.id === id)) continue;
    twin.log.warn(`removing machine ${id}, which belongs to no server`);
    await twin.machines.remove({ id } as Server);
  }
  for (const server of twin.state.servers) {
    if (twin.isLocked(server.id)) continue;
    if (!present.has(server.id)) {
      twin.log.warn(`the machine of server ${server.name} is gone: somebody removed its container`);
      server.status = "off";
    } else if (hasPower(server) && present.get(server.id) === false) {
      twin.log.info(`server ${server.name} had power: starting it again`);
      await powerOnProved(twin, server);
      server.status = "running";
    } else if (!hasPower(server) && present.get(server.id) === true) {
      server.status = "running";
    }
  }
  const boxes = await twin.boxes.list();
  for (const id of boxes.filter((id) => twin.state.storageBoxes.every((box) => box.id !== id))) {
    twin.log.warn(`removing Storage Box ${id}, which the state doesn't know`);
    await twin.boxes.remove({ id } as StorageBox);
  }
  for (const box of twin.state.storageBoxes.filter(({ status }) => status === "active")) {
    if (boxes.includes(box.id)) await twin.boxes.powerOn(box);
    else twin.log.warn(`the disk of Storage Box ${box.name} is gone: somebody removed its container`);
  }
  twin.store.save();
}

/** A Storage Box has no power that somebody could switch off. */
async function boxEnded(twin: Twin, id: number): Promise<void> {
  const box = twin.state.storageBoxes.find((box) => box.id === id);
  if (box?.status !== "active" || (await twin.boxes.isRunning(box)) || isInLoop(id)) return;
  twin.log.info(`Storage Box ${box.name} starts again`);
  await twin.boxes.powerOn(box);
}

/**
 * A machine ended without an action of ours. One that reboots, or lost its power from outside (`docker stop`, an engine that
 * shuts down, a killed init), gets power again; one that switched itself off stays off.
 */
async function ended(twin: Twin, id: number): Promise<void> {
  const server = twin.state.servers.find((server) => server.id === id);
  if (!server || twin.isLocked(id) || !hasPower(server) || (await twin.machines.isRunning(server))) return;
  if (await twin.machines.saysPoweringOff(server)) {
    twin.log.info(`server ${server.name} has switched itself off`);
    server.status = "off";
    twin.store.save();
  } else if (isInLoop(id)) {
    twin.log.warn(`server ${server.name} ends as soon as it starts; it stays off now`);
    server.status = "off";
    twin.store.save();
  } else {
    twin.log.info(`server ${server.name} starts again`);
    await powerOnProved(twin, server);
  }
}

const LOOP = { starts: 5, withinMs: 30_000 };
const restarts = new Map<number, number[]>();

/** Counts a start of this server; true when it is one too many for a machine that merely reboots. */
function isInLoop(id: number): boolean {
  const recent = (restarts.get(id) ?? []).filter((time) => time > Date.now() - LOOP.withinMs);
  restarts.set(id, [...recent, Date.now()]);
  return recent.length >= LOOP.starts;
}

/** Seconds since 1970, as Docker counts. */
export const now = () => Math.floor(Date.now() / 1000);

/**
 * Follows Docker's events, from `start` on, until `signal`. When Docker goes away it waits, and brings the machines back
 * with it.
 */
export async function watch(twin: Twin, start: number, signal: AbortSignal): Promise<void> {
  let since = start;
  let seen = true;
  while (!signal.aborted) {
    try {
      const reason = await unreachable(twin.machines.docker);
      if (reason !== undefined) throw new Error(reason);
      // Whatever happened while nobody looked.
      if (!seen) {
        since = now();
        await reconcile(twin);
      }
      if (!seen) twin.log.info("Docker is back");
      seen = true;
      await follow(twin, since, signal);
      throw new Error("its events ended");
    } catch (error) {
      if (signal.aborted) return;
      if (seen) twin.log.warn(`Docker is away: ${(error as Error).message}. The machines start again when it is back.`);
      seen = false;
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

async function follow(twin: Twin, since: number, signal: AbortSignal): Promise<void> {
  const stream = await twin.machines.docker.getEvents({
    since,
    filters: { type: ["container"], event: ["die"], label: [twin.machines.names.label] },
  });
  const close = () => (stream as unknown as { destroy(): void }).destroy();
  signal.addEventListener("abort", close, { once: true });
  try {
    let rest = "";
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + chunk.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line.trim() === "") continue;
        const event = JSON.parse(line) as { Actor?: { Attributes?: Record<string, string> } };
        const of = (kind: "server" | "box", restart: typeof ended) => {
          const id = Number(event.Actor?.Attributes?.[`queuehost.${kind}`]);
          if (Number.isInteger(id)) void restart(twin, id).catch((error: Error) => twin.log.warn(error.message));
        };
        of("server", ended);
        of("box", boxEnded);
      }
    }
  } finally {
    signal.removeEventListener("abort", close);
  }
}
