import { requireEngine } from "../docker/engine";
import { conflict, locked, protectedResource, uniquenessError } from "../errors";
import { body } from "../request/body";
import { page } from "../request/list";
import { showAction, showServer } from "../show";
import { moveTo, type Server } from "../state";
import type { Twin } from "../twin";
import { created, find, type Handler, ok } from "./handler";
import { CREATE, newServer, UPDATE } from "./new-server";

const show = (twin: Twin, server: Server) => showServer(server, twin.state, twin.isLocked(server.id));

/** The server, unless another action is running on it (423 `locked`). */
export function findUnlocked(twin: Twin, id: number): Server {
  const server = find(twin.state.servers, id, "server");
  if (twin.isLocked(id)) throw locked(`server with ID '${id}'`);
  return server;
}

function requireFreeName(twin: Twin, name: string, self?: Server): void {
  if (twin.state.servers.some((server) => server.name === name && server !== self))
    throw uniquenessError("server name is already used", "name");
}

export const listServers: Handler = ({ twin, query }) =>
  ok(
    page("servers", twin.state.servers, query, (server) => show(twin, server), {
      status: ({ status }, wanted) => wanted.includes(status),
    }),
  );

export const getServer: Handler = ({ twin, ids: [id] }) =>
  ok({ server: show(twin, find(twin.state.servers, id, "server")) });

export const createServer: Handler = async ({ twin, body: raw }) => {
  const wanted = body(CREATE, raw);
  await requireEngine(twin.machines.docker);
  requireFreeName(twin, wanted.name);
  const firewalls = (wanted.firewalls ?? []).map(({ firewall }) => find(twin.state.firewalls, firewall, "firewall"));
  const server = newServer(twin, wanted);
  twin.state.servers.push(server);
  for (const firewall of firewalls) firewall.appliedTo.push({ type: "server", server: server.id });
  twin.store.save();
  const resources = [{ id: server.id, type: "server" }];
  const action = twin.start("create_server", resources);
  const starts = wanted.start_after_create !== false;
  const next = [
    ...(starts ? [twin.start("start_server", resources)] : []),
    ...firewalls.map(({ id }) => twin.start("apply_firewall", [{ id, type: "firewall" }, ...resources])),
  ];
  return created({
    server: show(twin, server),
    action: showAction(action),
    next_actions: next.map(showAction),
    root_password: server.rootPassword,
  });
};

export const updateServer: Handler = async ({ twin, ids: [id], body: raw }) => {
  const server = find(twin.state.servers, id, "server");
  const wanted = body(UPDATE, raw);
  if (wanted.name) {
    requireFreeName(twin, wanted.name, server);
    server.name = wanted.name;
  }
  if (wanted.labels) {
    server.labels = wanted.labels;
    const { firewalls } = twin.state;
    // A firewall may look for labels.
    if (firewalls.some(({ appliedTo }) => appliedTo.some(({ type }) => type === "label_selector")))
      await twin.applyRules();
  }
  twin.store.save();
  return ok({ server: show(twin, server) });
};

export const deleteServer: Handler = async ({ twin, ids: [id] }) => {
  await requireEngine(twin.machines.docker);
  const server = findUnlocked(twin, id);
  if (server.protection) throw protectedResource(`server with ID '${id}'`);
  moveTo(server, "deleting");
  return ok({ action: showAction(twin.start("delete_server", [{ id, type: "server" }])) });
};

/** A server that has power, for the actions that need one. */
export function requirePower(server: Server, action: string): void {
  if (server.status === "off") throw conflict(`server ${server.name} is off: it can't ${action}`);
}
