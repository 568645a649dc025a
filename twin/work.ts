import { type Action, moveTo, type Server, type ServerStatus } from "./state";
import type { Twin } from "./twin";

type Work = (twin: Twin, server: number) => Promise<void>;

/** Work on a server that still exists; on one that is gone there is nothing to do. */
const on =
  (work: (twin: Twin, server: Server) => Promise<void>): Work =>
  async (twin, id) => {
    const server = twin.state.servers.find((server) => server.id === id);
    if (!server) throw new Error("the server doesn't exist any more");
    await work(twin, server);
  };

function status(twin: Twin, server: Server, next: ServerStatus): void {
  moveTo(server, next);
  twin.store.save();
}

async function powerOn(twin: Twin, server: Server): Promise<void> {
  if (server.status !== "initializing") status(twin, server, "starting");
  try {
    await twin.machines.powerOn(server);
  } catch (error) {
    status(twin, server, "off");
    throw error;
  }
  status(twin, server, "running");
}

/** What each action does, by Hetzner's name for it. All of it may be repeated: a twin that was killed starts it again. */
export const WORK = {
  create_server: on(async (twin, server) => {
    try {
      await twin.applyRules();
      await twin.machines.create(server, twin.network);
    } catch (error) {
      status(twin, server, "off");
      throw error;
    }
    // A `start_server` follows, unless the request said that the server shall stay off.
    const starts = twin.state.actions.some(
      ({ status, command, resources }) =>
        status === "running" && command === "start_server" && resources.some(({ id }) => id === server.id),
    );
    if (starts) await powerOn(twin, server);
    else status(twin, server, "off");
  }),
  start_server: on(powerOn),
  stop_server: on(async (twin, server) => {
    if (server.status !== "off") status(twin, server, "stopping");
    await twin.machines.cutPower(server);
    status(twin, server, "off");
  }),
  // As at Hetzner this presses the button: the action ends at once, the machine when it is ready (see watch.ts).
  shutdown_server: on((twin, server) => twin.machines.pressButton(server)),
  reboot_server: on(async (twin, server) => {
    if (server.status === "running") status(twin, server, "stopping");
    await twin.machines.shutDown(server);
    await powerOn(twin, server);
  }),
  reset_server: on(async (twin, server) => {
    if (server.status === "running") status(twin, server, "stopping");
    await twin.machines.cutPower(server);
    await powerOn(twin, server);
  }),
  // As at Hetzner the server starts with its new type.
  change_server_type: on(async (twin, server) => {
    await twin.machines.resize(server);
    await powerOn(twin, server);
  }),
  change_protection: on(async () => undefined),
  delete_server: async (twin, id) => {
    const server = twin.state.servers.find((server) => server.id === id);
    if (!server) return;
    await twin.machines.remove(server);
    const { state } = twin;
    state.servers = state.servers.filter((other) => other !== server);
    for (const firewall of state.firewalls) {
      firewall.appliedTo = firewall.appliedTo.filter((target) => target.type !== "server" || target.server !== id);
    }
    twin.store.save();
    await twin.applyRules();
  },
  // What they do is done when they are asked for.
  create_rrset: async () => undefined,
  set_rrset_records: async () => undefined,
  change_rrset_ttl: async () => undefined,
  delete_rrset: async () => undefined,
  set_firewall_rules: (twin) => twin.applyRules(),
  apply_firewall: (twin) => twin.applyRules(),
  remove_firewall: (twin) => twin.applyRules(),
} satisfies Record<string, Work>;

/** Ends an action; `error` is null when it succeeded. */
export function finish(action: Action, error: Action["error"]): void {
  action.status = error === null ? "success" : "error";
  action.error = error;
  action.progress = 100;
  action.finished = new Date().toISOString();
}
