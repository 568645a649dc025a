import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Architecture } from "../release";
import { ask } from "./api";
import { ExistingServer, NEW_SERVER, ServerType } from "./hetzner";
import { defaultServerName, isOfProject, labelValue } from "./labels";
import { failedOrders, forgetOrders, isRefused, type Order } from "./orders";
import { recordedAddresses, recordedServer } from "./recorded";
import { KEYS, type Settings } from "./schema";
import { configKey, queuehost } from "./typed";

/** What is ordered, or kept. */
export interface Offer {
  readonly type: string;
  readonly location: string;
  readonly architecture: Architecture;
  /** Hetzner's number of the server that is there already. */
  readonly existing?: number;
  /** Hetzner's numbers of the addresses of that server. */
  readonly addresses?: { readonly ipv4?: number; readonly ipv6?: number };
  /** The application of a new server, or the one that an existing server was made for; up to 0.1.0 it had no such label. */
  readonly app?: string;
  /** Whether Hetzner has to find room for it: for a new server, or for another type of one. */
  readonly isOrder: boolean;
}

export type Wanted = Pick<
  Settings,
  "stack" | "project" | "app.name" | "server.name" | "server.type" | "server.location"
>;

const Types = z.object({ server_types: z.array(ServerType) });
const Servers = z.object({ servers: z.array(ExistingServer) });
const One = z.object({ server: ExistingServer });

/**
 * Decides, before anything is made, on the server's type and location.
 *
 * A server that exists keeps both, as long as its type is in the list; when it isn't any more, the first of the list that its
 * location has. For a new one, the first type that any of the locations has, in the first location that has it: types come
 * first, locations second. Addresses that are kept are to be had in one location alone.
 *
 * @throws pulumi.RunError where nothing fits, something is misspelt, the name is another server's, the server another
 *   application's, or the token another project's
 */
export async function chooseOffer(wanted: Wanted & Pick<Settings, "server.keepAddress">): Promise<Offer> {
  const name = wanted["server.name"];
  const [recorded, named, offered] = await Promise.all([
    recordedServer(name),
    ask(`/servers?name=${name}`).then((answer) => Servers.parse(answer).servers[0]),
    ask("/server_types?per_page=50").then((answer) => Types.parse(answer).server_types),
  ]);
  const existing = await ownServer(wanted, recorded, named);
  if (existing !== undefined) assertSameApp(wanted, existing);
  assertKnown(wanted, offered, existing);
  const failed = failedOrders(wanted.stack);
  if (existing === undefined) {
    const [kept] = wanted["server.keepAddress"] ? await recordedAddresses() : [];
    return offerForNew(wanted, offered, failed, kept?.location);
  }
  if (existing.status === "off") await switchOn(existing, failed);
  const offer = offerForExisting(wanted, offered, failed, existing);
  // It runs, and is what is wanted: whatever was refused on the way there doesn't matter any more.
  if (!offer.isOrder && existing.status === "running" && !pulumi.runtime.isDryRun()) forgetOrders(wanted.stack);
  return offer;
}

/** The server that the state knows, unless a new one is asked after; throws where that is gone, or its name belongs to another. */
async function ownServer(
  wanted: Wanted,
  recorded: number | undefined,
  named: ExistingServer | undefined,
): Promise<ExistingServer | undefined> {
  if (named !== undefined && named.id !== recorded) throw taken(wanted, named);
  if (process.env[NEW_SERVER] === "yes" && pulumi.runtime.isDryRun()) return undefined;
  if (recorded === undefined || named !== undefined) return named;
  const answer = await ask(`/servers/${recorded}`);
  if (answer === undefined) throw gone(wanted, recorded);
  return One.parse(answer).server;
}

/** The provider cuts a server's power before it orders another type, and leaves it off when Hetzner refuses that. */
async function switchOn({ id, name }: ExistingServer, failed: readonly Order[]): Promise<void> {
  if (failed.length === 0)
    pulumi.log.warn(`the server ${name} is switched off: what has to be changed on it can't be reached.`);
  else if (!pulumi.runtime.isDryRun()) {
    await ask(`/servers/${id}/actions/poweron`, "POST");
    pulumi.log.warn(`the server ${name} is switched on again: an up that was to change its type has left it off.`);
  }
}

function gone({ stack, project }: Wanted, id: number): pulumi.RunError {
  return new pulumi.RunError(
    `hcloud:token: its project has no server ${id}, which stack ${stack} is about. Nothing was changed.\n` +
      `  If the token is another project's, set the right one:\n` +
      `    npx pulumi config set --secret hcloud:token --stack ${stack}\n` +
      `  If somebody deleted the server, bring it back, with its data where backups.to has it:\n` +
      `    ${queuehost(`recreate --stack ${stack} --restore latest`, project)}`,
  );
}

export function taken(wanted: Wanted, { id, name, labels }: ExistingServer): pulumi.RunError {
  const { stack, project } = wanted;
  if (labels["managed-by"] === "queuehost" && labels.stack === labelValue(stack) && isOfProject(labels, project))
    return new pulumi.RunError(
      `server.name: a server ${name} (${id}) of a stack ${stack} is there already, and this state knows nothing of it. An up that was killed has left it, or a stack of the same name has its state elsewhere. Nothing was changed.\n` +
        `    ${queuehost(`up --stack ${stack}`, project)}   # takes over what a killed up has left`,
    );
  const owner = labels["managed-by"] === "queuehost" ? ownerOf(labels, project) : "somebody else";
  return new pulumi.RunError(
    `server.name: should be a name of its own, got "${name}", which is a server (${id}) of ${owner} in the same project at Hetzner. Nothing was changed.\n` +
      `    npx pulumi config set ${configKey("server.name", project)} ${name === defaultServerName(stack) ? `${name}-2` : defaultServerName(stack)} --stack ${stack}`,
  );
}

const ownerOf = (labels: Readonly<Record<string, string>>, project: string) =>
  `stack ${labels.stack}${isOfProject(labels, project) ? "" : ` of project ${labels.project}`}`;

/** Redis, PostgreSQL and the proxy would serve the new application before the old one's folder refuses it. */
export function assertSameApp({ stack, project, "app.name": app }: Wanted, { name, labels }: ExistingServer): void {
  if (labels.app === undefined || labels.app === labelValue(app)) return;
  throw new pulumi.RunError(
    `app.name: the server ${name} runs ${labels.app}, and a server has one application; got ${app}. Nothing was changed. Set it back, or have a new server made:\n` +
      `    npx pulumi config set ${configKey("app.name", project)} ${labels.app} --stack ${stack}\n` +
      `    ${queuehost(`recreate --stack ${stack}`, project)}`,
  );
}

/** A typo is refused even where another entry of the list could be had: nobody would notice it otherwise. */
function assertKnown(wanted: Wanted, offered: readonly ServerType[], existing: ExistingServer | undefined): void {
  const types = offered.map(({ name }) => name);
  const locations = [...new Set(offered.flatMap((type) => type.locations.map(({ name }) => name)))];
  // Hetzner takes types from its list that go on running.
  const type = wanted["server.type"].find((name) => !types.includes(name) && name !== existing?.server_type.name);
  if (type !== undefined) throw unknown("server.type", "server types that Hetzner offers", types, type, wanted);
  const location = wanted["server.location"].find((name) => !locations.includes(name));
  if (location !== undefined) throw unknown("server.location", "locations of Hetzner's", locations, location, wanted);
}

function unknown(
  key: "server.type" | "server.location",
  what: string,
  known: readonly string[],
  got: string,
  { stack, project }: Wanted,
): pulumi.RunError {
  return new pulumi.RunError(
    `${key}: should be ${what} (${[...known].sort().join(", ")}), got "${got}"\n` +
      `    npx pulumi config set ${configKey(key, project)} '${KEYS[key].example}' --stack ${stack}`,
  );
}

/**
 * For a server that is still to be made. What was refused lately comes last.
 *
 * @param keptIn where the addresses are that it gets; it can be nowhere else then
 */
export function offerForNew(
  wanted: Wanted,
  offered: readonly ServerType[],
  failed: readonly Order[],
  keptIn?: string,
): Offer {
  const locations = keptIn === undefined ? wanted["server.location"] : [keptIn];
  const candidates = wanted["server.type"].flatMap((name) =>
    offered.filter((type) => type.name === name).flatMap((type) => locations.map((location) => ({ type, location }))),
  );
  const toBeHad = candidates.filter(({ type, location }) => lack(type, location) === undefined);
  const chosen = toBeHad.find(({ type, location }) => !isRefused(failed, type.name, location)) ?? toBeHad[0];
  const reasons = candidates
    .slice(0, chosen === undefined ? candidates.length : candidates.indexOf(chosen))
    .map((one) => `${one.type.name} in ${one.location} ${lack(one.type, one.location) ?? REFUSED}`)
    .join(", ");
  if (chosen === undefined)
    throw keptIn === undefined ? nothing(wanted, offered, reasons) : nothingThere(wanted, keptIn, reasons);
  if (reasons !== "") pulumi.log.info(`takes ${chosen.type.name} in ${chosen.location}: ${reasons}.`);
  const { type, location } = chosen;
  return { type: type.name, location, architecture: architectureOf(type), app: wanted["app.name"], isOrder: true };
}

function nothing(wanted: Wanted, offered: readonly ServerType[], tried: string): pulumi.RunError {
  const { stack, project, "server.type": types, "server.location": locations } = wanted;
  const asked = offered.filter(({ name }) => types.includes(name));
  const type = offered.find(
    (type) => type.architecture === asked[0]?.architecture && locations.some((location) => !lack(type, location)),
  )?.name;
  const location = asked.flatMap((type) => type.locations.filter(({ name }) => !lack(type, name)))[0]?.name;
  const add = (key: string, list: readonly string[], more: string | undefined) =>
    more === undefined
      ? ""
      : `\n    npx pulumi config set ${configKey(key, project)} '${[...list, more].join(", ")}' --stack ${stack}   # has room`;
  return new pulumi.RunError(
    `server.type, server.location: Hetzner has nothing of what they name: ${tried}. Nothing was changed. Try again later, or add to one of the lists:${add("server.type", types, type)}${add("server.location", locations, location)}`,
  );
}

function nothingThere({ stack, project }: Wanted, keptIn: string, tried: string): pulumi.RunError {
  return new pulumi.RunError(
    `server.type: Hetzner has nothing of what it names in ${keptIn}, where the addresses are that the server is to get (server.keepAddress): ${tried}. Nothing was changed. Try again later, add another type, or give the addresses up:\n` +
      `    npx pulumi config set ${configKey("server.keepAddress", project)} false --stack ${stack}`,
  );
}

/**
 * For a server that exists: only its type can change, in place, and only to one of the same architecture. What was refused
 * lately isn't tried again: each try costs the server its power.
 */
export function offerForExisting(
  wanted: Wanted,
  offered: readonly ServerType[],
  failed: readonly Order[],
  { id, server_type, location, primary_disk_size, labels, public_net }: ExistingServer,
): Offer {
  const { stack, project } = wanted;
  const kept = {
    location: location.name,
    architecture: architectureOf(server_type),
    existing: id,
    ...(labels.app !== undefined && { app: labels.app }),
    addresses: {
      ...(public_net?.ipv4 && { ipv4: public_net.ipv4.id }),
      ...(public_net?.ipv6 && { ipv6: public_net.ipv6.id }),
    },
  };
  if (!wanted["server.location"].includes(location.name))
    pulumi.log.warn(
      `server.location: the server stays in ${location.name}; another location needs a new one: ${queuehost(`recreate --stack ${stack}`, project)}`,
    );
  if (wanted["server.type"].includes(server_type.name)) return { ...kept, type: server_type.name, isOrder: false };
  const why = (type: ServerType) =>
    type.architecture !== server_type.architecture
      ? `has another architecture (${type.architecture})`
      : type.disk < primary_disk_size
        ? `has a smaller disk (${type.disk} GB)`
        : (lack(type, location.name) ?? (isRefused(failed, type.name, location.name) ? REFUSED : undefined));
  const candidates = wanted["server.type"].flatMap((name) => offered.filter((type) => type.name === name));
  const chosen = candidates.find((type) => why(type) === undefined);
  if (chosen !== undefined) return { ...kept, type: chosen.name, isOrder: true };
  const tried = candidates.map((type) => `${type.name} ${why(type)}`).join(", ");
  throw new pulumi.RunError(
    `server.type: the server (${id}: ${server_type.name}, ${server_type.architecture}, ${primary_disk_size} GB, in ${location.name}) can't become any of these: ${tried}. Nothing was changed. Try again later, keep its type, or have a new server made:\n` +
      `    npx pulumi config set ${configKey("server.type", project)} ${server_type.name} --stack ${stack}\n` +
      `    ${queuehost(`recreate --stack ${stack}`, project)}`,
  );
}

/** Why a type can't be had in a location now; nothing where it can. */
function lack({ locations }: ServerType, wanted: string): string | undefined {
  const location = locations.find(({ name }) => name === wanted);
  if (location === undefined) return "isn't offered";
  const end = location.deprecation?.unavailable_after;
  if (end !== undefined && Date.parse(end) < Date.now()) return "isn't offered any more";
  return location.available ? undefined : "is sold out";
}

const REFUSED = "was refused some minutes ago";

const architectureOf = ({ architecture }: Pick<ServerType, "architecture">): Architecture =>
  architecture === "arm" ? "arm64" : "x64";
