import { z } from "zod";
import { byIdOrName, SERVER_TYPES } from "../catalogue";
import { requireEngine } from "../docker/engine";
import { ApiError, conflict, invalidInput, notImplemented } from "../errors";
import { body, idOrName } from "../request/body";
import { showAction } from "../show";
import { moveTo, type ServerStatus } from "../state";
import type { Twin } from "../twin";
import { created, type Handler } from "./handler";
import { findUnlocked, requirePower } from "./servers";
import { requireRoom } from "./sold-out";

/** Hetzner chooses one of six; hours in UTC. */
const BACKUP_WINDOW = "22-02";

type Command = Parameters<Twin["start"]>[0];

/** An action on the power of a server. `via` is the status it passes through at once. */
const power =
  (command: Command, verb: string, needsPower: boolean, via?: ServerStatus): Handler =>
  async ({ twin, ids: [id] }) => {
    await requireEngine(twin.machines.docker);
    const server = findUnlocked(twin, id);
    if (needsPower) requirePower(server, verb);
    if (via && server.status === "off") moveTo(server, via);
    return created({ action: showAction(twin.start(command, [{ id, type: "server" }])) });
  };

export const powerOn = power("start_server", "start", false, "starting");
export const powerOff = power("stop_server", "stop", false);
export const shutdown = power("shutdown_server", "shut down", true);
export const reboot = power("reboot_server", "reboot", true);
export const reset = power("reset_server", "be reset", true);

const PROTECTION = z.strictObject({ delete: z.boolean().nullish(), rebuild: z.boolean().nullish() });

export const changeProtection: Handler = ({ twin, ids: [id], body: raw }) => {
  const server = findUnlocked(twin, id);
  const wanted = body(PROTECTION, raw);
  const on = wanted.delete ?? wanted.rebuild ?? server.protection;
  if ((wanted.delete ?? on) !== on || (wanted.rebuild ?? on) !== on)
    throw invalidInput([{ name: "delete", messages: ["delete and rebuild protection must be the same"] }]);
  server.protection = on;
  return created({ action: showAction(twin.start("change_protection", [{ id, type: "server" }])) });
};

const ENABLE_BACKUP = z.strictObject({ backup_window: z.string().nullish() });

/** Recorded, and shown: no backup is made. */
export const enableBackup: Handler = ({ twin, ids: [id], body: raw }) => {
  const server = findUnlocked(twin, id);
  const { backup_window } = body(ENABLE_BACKUP, raw);
  if (backup_window) throw notImplemented("a 'backup_window' of one's own");
  server.backupWindow = BACKUP_WINDOW;
  return created({ action: showAction(twin.start("enable_backup", [{ id, type: "server" }])) });
};

export const disableBackup: Handler = ({ twin, ids: [id] }) => {
  const server = findUnlocked(twin, id);
  server.backupWindow = null;
  return created({ action: showAction(twin.start("disable_backup", [{ id, type: "server" }])) });
};

const CHANGE_TYPE = z.strictObject({ server_type: idOrName, upgrade_disk: z.boolean() });

export const changeType: Handler = async ({ twin, ids: [id], body: raw }) => {
  const wanted = body(CHANGE_TYPE, raw);
  await requireEngine(twin.machines.docker);
  const server = findUnlocked(twin, id);
  const type = byIdOrName(SERVER_TYPES, wanted.server_type);
  if (!type) throw invalidInput([{ name: "server_type", messages: [`server type '${wanted.server_type}' not found`] }]);
  if (server.status !== "off") throw new ApiError(422, "server_not_stopped", "server must be stopped");
  const now = byIdOrName(SERVER_TYPES, server.serverType);
  if (type.architecture !== now?.architecture || !type.locations.includes(server.location))
    throw new ApiError(422, "invalid_server_type", `server type ${type.name} does not fit this server`);
  if (type.disk < server.primaryDiskSize)
    throw new ApiError(422, "invalid_server_type", `the disk of ${type.name} is smaller than the server's`);
  if (type.name === server.serverType) throw conflict(`server already has type ${type.name}`);
  requireRoom(twin.state, type.name, server.location);
  const changed = {
    ...server,
    serverType: type.name,
    primaryDiskSize: wanted.upgrade_disk ? type.disk : server.primaryDiskSize,
  };
  twin.state.servers = twin.state.servers.map((other) => (other === server ? changed : other));
  return created({ action: showAction(twin.start("change_server_type", [{ id, type: "server" }])) });
};
