import { z } from "zod";
import { requireEngine } from "../docker/engine";
import { invalidInput } from "../errors";
import { body, idOrName } from "../request/body";
import { showAction } from "../show";
import { showBox } from "../show-storage-box";
import type { StorageBox } from "../state";
import type { Twin } from "../twin";
import { created, type Handler, ok } from "./handler";
import { ACCESS, changedAccess, findActive, findBox, password, typeFor } from "./storage-boxes";

const started = (twin: Twin, command: Parameters<Twin["start"]>[0], { id }: StorageBox) =>
  created({ action: showAction(twin.start(command, [{ id, type: "storage_box" }])) });

const PROTECTION = z.strictObject({ delete: z.boolean().nullish() });

export const changeProtection: Handler = ({ twin, ids: [id], body: raw }) => {
  const box = findBox(twin, id);
  box.protection = body(PROTECTION, raw).delete ?? box.protection;
  return started(twin, "change_protection", box);
};

const CHANGE_TYPE = z.strictObject({ storage_box_type: idOrName });

export const changeType: Handler = async ({ twin, ids: [id], body: raw }) => {
  const box = findActive(twin, id);
  const type = typeFor(body(CHANGE_TYPE, raw).storage_box_type);
  if ((await twin.boxes.used(box)) > type.size)
    throw invalidInput([{ name: "storage_box_type", messages: [`${type.name} is smaller than what is stored`] }]);
  box.type = type.name;
  return started(twin, "change_type", box);
};

const PASSWORD = z.strictObject({ password });

export const resetPassword: Handler = async ({ twin, ids: [id], body: raw }) => {
  const box = findActive(twin, id);
  const wanted = body(PASSWORD, raw);
  await requireEngine(twin.machines.docker);
  box.password = wanted.password;
  return started(twin, "reset_password", box);
};

export const updateAccessSettings: Handler = async ({ twin, ids: [id], body: raw }) => {
  const box = findActive(twin, id);
  const access = changedAccess(box.access, body(ACCESS, raw));
  await requireEngine(twin.machines.docker);
  box.access = access;
  return started(twin, "update_access_settings", box);
};

const between = (from: number, to: number) => z.int().min(from).max(to);

const PLAN = z.strictObject({
  max_snapshots: between(1, 40),
  minute: between(0, 59),
  hour: between(0, 23),
  day_of_week: between(1, 7).nullish(),
  day_of_month: between(1, 31).nullish(),
});

export const enableSnapshotPlan: Handler = ({ twin, ids: [id], body: raw }) => {
  const box = findActive(twin, id);
  const { day_of_week = null, day_of_month = null, ...plan } = body(PLAN, raw);
  const { snapshots } = typeFor(box.type);
  if (plan.max_snapshots > snapshots)
    throw invalidInput([{ name: "max_snapshots", messages: [`${box.type} has at most ${snapshots}`] }]);
  box.snapshotPlan = { ...plan, day_of_week, day_of_month };
  return started(twin, "enable_snapshot_plan", box);
};

export const disableSnapshotPlan: Handler = ({ twin, ids: [id] }) => {
  const box = findActive(twin, id);
  box.snapshotPlan = null;
  return started(twin, "disable_snapshot_plan", box);
};

const SIZE = z.strictObject({ size: z.int().min(0).nullable() });

/**
 * Leaves so many bytes of a box, so that it can be full; null gives it back what its type has. Its content moves then, and what
 * is open there meanwhile stays behind.
 */
export const setSize: Handler = async ({ twin, ids: [id], body: raw }) => {
  const box = findActive(twin, id);
  const { size } = body(SIZE, raw);
  await requireEngine(twin.machines.docker);
  box.size = size;
  twin.store.save();
  await twin.boxes.limit(box);
  return ok({ storage_box: showBox(box, await twin.boxes.used(box)) });
};
