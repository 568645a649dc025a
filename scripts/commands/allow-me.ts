import { Command } from "commander";
import { isIn, ownAddress, rangeOf } from "../access/address";
import { type Guest, Guests } from "../access/guests";
import { tellServer, tellServerTheEnd } from "../access/server";
import { columns } from "../lib/columns";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { plain, whoami } from "../release/who";
import { seconds } from "../ssh/when";
import type { Subject } from "../verification/check";
import { dial } from "../verification/dial";

interface Options {
  readonly stack: string;
  readonly for: string;
  readonly address?: string;
  readonly as?: string;
  readonly remove?: true;
  readonly list?: true;
  readonly json?: true;
}

const LONGEST = 12 * 3600;
const SHORTEST = 60;
/** Milliseconds within which a port that the cloud has opened answers. */
const OPENS_MS = 15_000;

/** `queuehost allow-me`: a way in for an address that the configuration doesn't name, for a while. */
export const allowMe = new Command("allow-me")
  .description("let this machine's present address reach ssh for a while, by the cloud's firewall")
  .requiredOption("--stack <name>", "the stack")
  .option("--for <time>", "for how long: 5m, 2h, at most 12h", "30m")
  .option(
    "--address <address>",
    "another address, or a small range; without it, the server is asked for this machine's",
  )
  .option("--as <name>", "the guest's name; who comes again under it, gets the new address and time")
  .option("--remove", "shut that guest out again")
  .option("--list", "say who is let in")
  .option("--json", "print the result as JSON")
  .addHelpText("after", "\nWhose time is over is shut out by every run of this command, of up, deploy and destroy.")
  .action(async (options: Options) => {
    const { stack, json } = options;
    const duration = durationOf(options.for);
    const range = options.address === undefined ? undefined : rangeOf(options.address);
    const pulumi = Pulumi.of(stack);
    const [{ subject }, guests, who] = await Promise.all([serverOf(pulumi), Guests.of(pulumi), options.as ?? whoami()]);
    const say = json ? () => {} : (line: string) => console.log(line);
    for (const guest of await guests.sweep()) say(`${guest.who}, whose time is over, is shut out.`);
    if (options.list) return show(await guests.list(), json);
    if (options.remove) return remove(guests, subject, plain(who), options, say);
    const guest = await letIn(guests, subject, { who: plain(who), duration, range, stack, say });
    if (json) console.log(JSON.stringify(asJson(stack, guest), null, 2));
  });

interface Wish {
  readonly who: string;
  /** Seconds. */
  readonly duration: number;
  readonly range: string | undefined;
  readonly stack: string;
  readonly say: (line: string) => void;
}

async function letIn(
  guests: Guests,
  subject: Subject,
  { who, duration, range, stack, say }: Wish,
): Promise<Guest | undefined> {
  const { host, sshAllowedFrom, serverId } = subject;
  const address = range ?? rangeOf(await ownAddress(host));
  const single = /\/(32|128)$/.test(address) ? address.replace(/\/.*/, "") : undefined;
  if (single !== undefined && isIn(single, sshAllowedFrom)) {
    say(`${single} reaches ssh anyway: ssh.allowedFrom names it.`);
    return undefined;
  }
  const until = new Date(Date.now() + duration * 1000);
  const guest = await guests.letIn(serverId, who, [address], until);
  const again = typed("allow-me", "--stack", stack);
  // For another machine's address it can't be seen from here whether it got in.
  const isOwn = range === undefined;
  try {
    if (isOwn) await opened(host);
    if (single !== undefined && (isOwn || (await dial(host, 22)) === "open"))
      await tellServer(subject, single, duration, who);
    else
      say(
        "The server itself couldn't be told when that ends: sessions that are begun meanwhile end half a day later at the latest.",
      );
  } catch (error) {
    await guests.shutOut(guest);
    throw new UserError(
      `Nothing was opened: ${host} ${(error as Error).message}. When everything is shut: docs/access.md`,
    );
  }
  const clock = until.toTimeString().slice(0, 5);
  say(
    `${single ?? address} reaches ssh of ${host} until ${clock}. Longer: ${again} --for 2h. No more: ${again} --remove`,
  );
  return guest;
}

/** @throws Error where port 22 stays shut */
async function opened(host: string): Promise<void> {
  for (const end = Date.now() + OPENS_MS; ; ) {
    const dialled = await dial(host, 22);
    if (dialled === "open") return;
    if (Date.now() > end)
      throw new Error(`doesn't answer on port 22 (${dialled}), though the cloud's firewall lets this address in`);
  }
}

async function remove(
  guests: Guests,
  subject: Subject,
  who: string,
  { address, stack, json }: Options,
  say: (line: string) => void,
): Promise<void> {
  const range = address === undefined ? undefined : rangeOf(address);
  const mine = (await guests.list()).filter((guest) =>
    range === undefined ? guest.who === guests.nameOf(who) : guest.ranges.includes(range),
  );
  // The server first: once the cloud has shut the door it can't be told any more.
  const reachable = mine.length > 0 && (await dial(subject.host, 22)) === "open";
  for (const guest of mine) {
    for (const one of reachable ? guest.ranges.filter((range) => /\/(32|128)$/.test(range)) : [])
      await tellServerTheEnd(subject, one.replace(/\/.*/, ""), who).catch(() => {});
    await guests.shutOut(guest);
    say(`${guest.ranges.join(", ")} (${guest.who}) is shut out.`);
  }
  if (mine.length === 0)
    say(`Nobody is let in as ${address ?? who}. Who is: ${typed("allow-me", "--stack", stack, "--list")}`);
  if (json) console.log(JSON.stringify({ stack, removed: mine.map(shown) }, null, 2));
}

function show(guests: readonly Guest[], json: true | undefined): void {
  if (json) console.log(JSON.stringify({ guests: guests.map(shown) }, null, 2));
  else if (guests.length === 0) console.log("Nobody is let in beside the addresses of ssh.allowedFrom.");
  else
    console.log(
      columns(
        guests.map(({ who, ranges, until }) => [who, ranges.join(", "), `until ${until.toISOString().slice(0, 16)}Z`]),
      ),
    );
}

const shown = ({ who, ranges, until }: Guest) => ({ who, ranges, until: until.toISOString() });

const asJson = (stack: string, guest: Guest | undefined) =>
  guest === undefined ? { stack, already: true } : { stack, already: false, ...shown(guest) };

function durationOf(text: string): number {
  const value = seconds(text);
  if (value === undefined || value < SHORTEST || value > LONGEST)
    throw new UserError(`--for: should be from 1m to 12h, such as 45m or 2h, got ${text}`);
  return value;
}
