import { type Action, moveTo, type Server, type ServerStatus, type StorageBox } from "./state";
import { powerOnProved } from "./trap/prove";
import type { Twin } from "./twin";

/** `subject` is the server or the Storage Box that the action is about; 0 where there is none. */
type Work = (twin: Twin, subject: number) => Promise<void>;

/** Work on a server that still exists; on one that is gone there is nothing to do. */
const on =
  (work: (twin: Twin, server: Server) => Promise<void>): Work =>
  async (twin, id) => {
    const server = twin.state.servers.find((server) => server.id === id);
    if (!server) throw new Error("the server doesn't exist any more");
    await work(twin, server);
  };

/** Work on a Storage Box that still exists. */
const onBox =
  (work: (twin: Twin, box: StorageBox) => Promise<void>): Work =>
  async (twin, id) => {
    const box = twin.state.storageBoxes.find((box) => box.id === id);
    if (!box) throw new Error("the Storage Box doesn't exist any more");
    await work(twin, box);
  };

function status(twin: Twin, server: Server, next: ServerStatus): void {
  moveTo(server, next);
  twin.store.save();
}

async function powerOn(twin: Twin, server: Server): Promise<void> {
  if (server.status !== "initializing") status(twin, server, "starting");
  try {
    await powerOnProved(twin, server);
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
      await twin.machines.create(server, twin.network, twin.state.trap !== null);
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
  change_protection: async () => undefined,
  delete_server: async (twin, id) => {
    const server = twin.state.servers.find((server) => server.id === id);
    if (!server) return;
    await twin.machines.remove(server);
    const { state } = twin;
    state.primaryIps = state.primaryIps.filter((ip) => ip.server !== id || !ip.autoDelete);
    for (const ip of state.primaryIps) if (ip.server === id) ip.server = null;
    state.servers = state.servers.filter((other) => other !== server);
    for (const firewall of state.firewalls) {
      firewall.appliedTo = firewall.appliedTo.filter((target) => target.type !== "server" || target.server !== id);
    }
    twin.store.save();
    await twin.applyRules();
  },
  // As Hetzner calls what is done to a Storage Box.
  create: onBox(async (twin, box) => {
    await twin.applyRules();
    await twin.boxes.create(box, twin.network);
    box.status = "active";
    twin.store.save();
  }),
  delete: async (twin, id) => {
    const box = twin.state.storageBoxes.find((box) => box.id === id);
    if (!box) return;
    await twin.boxes.remove(box);
    twin.state.storageBoxes = twin.state.storageBoxes.filter((other) => other !== box);
    twin.store.save();
    await twin.applyRules();
  },
  reset_password: onBox((twin, box) => twin.boxes.setPassword(box)),
  update_access_settings: (twin) => twin.applyRules(),
  // What they do is done when they are asked for.
  enable_snapshot_plan: async () => undefined,
  disable_snapshot_plan: async () => undefined,
  change_type: async () => undefined,
  enable_backup: async () => undefined,
  disable_backup: async () => undefined,
  // The machine has its new address when it has power again.
  assign_primary_ip: (twin) => twin.applyRules(),
  unassign_primary_ip: (twin) => twin.applyRules(),
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
