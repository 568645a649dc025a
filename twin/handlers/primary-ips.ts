import { z } from "zod";
import { byIdOrName, LOCATIONS } from "../catalogue";
import { ApiError, invalidInput, notImplemented, protectedResource, uniquenessError } from "../errors";
import { assign, newPrimaryIp, requireAssignable, unassign } from "../primary-ips";
import { body, idOrName, labels, name } from "../request/body";
import { page } from "../request/list";
import { showAction, showPrimaryIp } from "../show";
import type { PrimaryIp, Server } from "../state";
import type { Twin } from "../twin";
import { type Call, created, find, type Handler, noContent, ok } from "./handler";
import { findUnlocked } from "./servers";

const CREATE = z.strictObject({
  name,
  type: z.enum(["ipv4", "ipv6"]),
  assignee_type: z.literal("server").nullish(),
  assignee_id: z.int().nullish(),
  location: idOrName.nullish(),
  auto_delete: z.boolean().nullish(),
  labels,
});
const UPDATE = z.strictObject({ name: name.nullish(), auto_delete: z.boolean().nullish(), labels });
const ASSIGN = z.strictObject({ assignee_id: z.int(), assignee_type: z.literal("server") });
const PROTECTION = z.strictObject({ delete: z.boolean() });

const found = ({ twin, ids: [id] }: Call) => find(twin.state.primaryIps, id, "primary ip");

function requireFreeName(twin: Twin, name: string, self?: PrimaryIp): void {
  if (twin.state.primaryIps.some((ip) => ip.name === name && ip !== self))
    throw uniquenessError("primary IP name is already used", "name");
}

/** The server, off as Hetzner wants it for a change of its addresses. */
function switchedOff(twin: Twin, id: number): Server {
  const server = findUnlocked(twin, id);
  if (server.status !== "off") throw new ApiError(422, "server_not_stopped", "server must be stopped");
  return server;
}

/** A server without an address of that kind; a machine's IPv6 network is decided when it is made. */
function free(twin: Twin, id: number, { type }: Pick<PrimaryIp, "type">): Server {
  const server = switchedOff(twin, id);
  if (server[type] !== null) throw new ApiError(422, `server_has_${type}`, `server has an ${type} address`);
  if (type === "ipv6") throw notImplemented("another IPv6 network for a server that exists");
  return server;
}

export const listPrimaryIps: Handler = ({ twin, query }) =>
  ok(
    page("primary_ips", twin.state.primaryIps, query, showPrimaryIp, {
      ip: ({ ip }, wanted) => wanted.includes(ip),
    }),
  );

export const getPrimaryIp: Handler = (call) => ok({ primary_ip: showPrimaryIp(found(call)) });

export const createPrimaryIp: Handler = ({ twin, body: raw }) => {
  const wanted = body(CREATE, raw);
  requireFreeName(twin, wanted.name);
  const server = wanted.assignee_id == null ? undefined : free(twin, wanted.assignee_id, wanted);
  const location = server?.location ?? byIdOrName(LOCATIONS, wanted.location ?? "")?.name;
  if (location === undefined)
    throw invalidInput([{ name: "location", messages: ["one of location and assignee_id is required"] }]);
  const ip = newPrimaryIp(twin, {
    type: wanted.type,
    location,
    autoDelete: wanted.auto_delete ?? false,
    name: wanted.name,
    labels: wanted.labels ?? {},
  });
  if (server) assign(ip, server);
  twin.store.save();
  return created({
    primary_ip: showPrimaryIp(ip),
    ...(server && { action: showAction(start(twin, "assign_primary_ip", ip, server)) }),
  });
};

export const updatePrimaryIp: Handler = (call) => {
  const ip = found(call);
  const wanted = body(UPDATE, call.body);
  if (wanted.name) {
    requireFreeName(call.twin, wanted.name, ip);
    ip.name = wanted.name;
  }
  if (wanted.labels) ip.labels = wanted.labels;
  ip.autoDelete = wanted.auto_delete ?? ip.autoDelete;
  call.twin.store.save();
  return ok({ primary_ip: showPrimaryIp(ip) });
};

export const deletePrimaryIp: Handler = (call) => {
  const ip = found(call);
  if (ip.protection) throw protectedResource(`primary IP with ID '${ip.id}'`);
  if (ip.server !== null) throw new ApiError(422, "must_be_unassigned", "primary IP must be unassigned");
  const { state, store } = call.twin;
  state.primaryIps = state.primaryIps.filter((other) => other !== ip);
  store.save();
  return noContent;
};

const start = (twin: Twin, command: Parameters<Twin["start"]>[0], { id }: PrimaryIp, server?: Server) =>
  twin.start(command, [{ id, type: "primary_ip" }, ...(server ? [{ id: server.id, type: "server" }] : [])]);

export const assignPrimaryIp: Handler = (call) => {
  const ip = found(call);
  const { twin } = call;
  const server = free(twin, body(ASSIGN, call.body).assignee_id, ip);
  if (ip.server !== null) throw new ApiError(422, "primary_ip_already_assigned", "primary IP is already assigned");
  requireAssignable(ip, ip.type, server.location);
  assign(ip, server);
  return created({ action: showAction(start(twin, "assign_primary_ip", ip, server)) });
};

export const unassignPrimaryIp: Handler = (call) => {
  const ip = found(call);
  const { twin } = call;
  if (ip.server === null) throw new ApiError(422, "primary_ip_not_assigned", "primary IP is not assigned");
  const server = switchedOff(twin, ip.server);
  unassign(ip, server);
  return created({ action: showAction(start(twin, "unassign_primary_ip", ip, server)) });
};

export const changeProtection: Handler = (call) => {
  const ip = found(call);
  ip.protection = body(PROTECTION, call.body).delete;
  return created({ action: showAction(start(call.twin, "change_protection", ip)) });
};
