import { setTimeout as sleep } from "node:timers/promises";
import type { RedisServer } from "../../unit/app/support/redis-server";

/** What can be killed. */
export interface Victims {
  readonly redis: RedisServer;
  /** Kills one of that role, and starts another after a while. */
  replace(role: "backend" | "worker", afterMs: number): Promise<void>;
}

/** What goes wrong, how often in comparison, and for how many milliseconds at most. */
const FAULTS = {
  "worker killed": { weight: 4, upTo: 2000, make: (on: Victims, ms: number) => on.replace("worker", ms) },
  "backend killed": { weight: 3, upTo: 1000, make: (on: Victims, ms: number) => on.replace("backend", ms) },
  "Redis killed": {
    weight: 3,
    upTo: 3000,
    make: async ({ redis }: Victims, ms: number) => {
      await redis.kill();
      await sleep(ms);
      await redis.start();
    },
  },
  "Redis silent": {
    weight: 2,
    upTo: 3000,
    make: async ({ redis }: Victims, ms: number) => {
      redis.freeze();
      await sleep(ms);
      redis.thaw();
    },
  },
} as const;
export type Fault = keyof typeof FAULTS;

/** Numbers from 0 to 1, the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One fault after another until the time is over, with pauses in which something may get done. @returns how often each was made */
export async function trouble(on: Victims, seconds: number, random: () => number): Promise<Record<Fault, number>> {
  const made: Record<Fault, number> = { "worker killed": 0, "backend killed": 0, "Redis killed": 0, "Redis silent": 0 };
  const names = Object.keys(FAULTS) as Fault[];
  const drawn = names.flatMap((name) => Array<Fault>(FAULTS[name].weight).fill(name));
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    await sleep(300 + random() * 1500);
    const name = drawn[Math.floor(random() * drawn.length)] ?? "worker killed";
    made[name] += 1;
    await FAULTS[name].make(on, random() * FAULTS[name].upTo);
  }
  return made;
}
