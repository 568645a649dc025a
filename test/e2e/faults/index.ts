import type { Deployment } from "../../support/deployment";
import type { AppName } from "../apps";
import { APP_FAULTS, SHOP_FAULTS } from "./app";
import { BACKUPS_FAULTS } from "./backups";
import { ENV_FAULTS } from "./env";
import { type About, aboutOf, type Fault } from "./fault";
import { HARDENING_FAULTS } from "./hardening";
import { OUTSIDE_FAULTS } from "./outside";
import { PM2_FAULTS } from "./pm2";
import { POSTGRES_FAULTS } from "./postgres";
import { PROXY_FAULTS } from "./proxy";
import { REDIS_FAULTS } from "./redis";

const FAULTS: readonly Fault[] = [
  ...OUTSIDE_FAULTS,
  ...APP_FAULTS,
  ...SHOP_FAULTS,
  ...ENV_FAULTS,
  ...PROXY_FAULTS,
  ...REDIS_FAULTS,
  ...BACKUPS_FAULTS,
  ...HARDENING_FAULTS,
  ...POSTGRES_FAULTS,
  ...PM2_FAULTS,
];

/** What no fault turns red: a container has the clock of its host, and can't set it. */
export const UNTURNED = ["hardening: the clock is synchronized"];

/** All that turns red when a fault is made. */
const redOf = ({ red }: Fault, about: About): readonly string[] => (typeof red === "function" ? red(about) : red);

/** The names don't matter for what goes together. */
const ANY = { units: ["backend", "worker"], backend: "backend", worker: "worker", folders: ["folder"] };

/**
 * The faults that are made at the same time on one deployment, a verification for all of them: each in a concern of its own, so
 * that what turns red says which fault turned it. One that shows in several concerns is alone.
 */
export function roundsOf(app: AppName): readonly (readonly Fault[])[] {
  const about = { ...ANY, app };
  const alone: Fault[][] = [];
  const together: Fault[][] = [];
  const next = new Map<string, number>();
  for (const fault of FAULTS.filter(({ only }) => only === undefined || only === app)) {
    const [concern = "", ...others] = [...new Set(redOf(fault, about).map(concernOf))];
    if (others.length > 0) {
      alone.push([fault]);
      continue;
    }
    const round = next.get(concern) ?? 0;
    next.set(concern, round + 1);
    together[round] = [...(together[round] ?? []), fault];
  }
  return [...together, ...alone];
}

/** A process that is restarted for one fault takes in what another has done to its `.env`. */
const concernOf = (check: string) => check.slice(0, check.indexOf(":")).replace("env", "app");

/** Makes the faults, looks, and mends them, whatever comes of it. Gives what turned red, and what should have. */
export async function tryRound(
  faults: readonly Fault[],
  app: AppName,
  deployment: Deployment,
): Promise<{ seen: string[]; expected: string[] }> {
  const about = await aboutOf(app, deployment);
  const made: Fault[] = [];
  try {
    for (const fault of faults) {
      made.unshift(fault);
      await fault.make(deployment);
    }
    const seen = await deployment.red();
    return { seen: seen.sort(), expected: faults.flatMap((fault) => redOf(fault, about)).sort() };
  } finally {
    for (const fault of made) await fault.mend(deployment);
  }
}
