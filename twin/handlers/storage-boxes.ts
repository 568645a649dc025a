import { z } from "zod";
import { byIdOrName, STORAGE_BOX_LOCATIONS, STORAGE_BOX_TYPES, type StorageBoxType } from "../catalogue";
import { requireEngine } from "../docker/engine";
import { conflict, invalidInput, notFound, notImplemented, protectedResource } from "../errors";
import { freeAddress } from "../primary-ips";
import { body, idOrName, labels, name } from "../request/body";
import { page, values } from "../request/list";
import { showAction } from "../show";
import { showBox, showType } from "../show-storage-box";
import type { AccessSettings, StorageBox } from "../state";
import type { Twin } from "../twin";
import { created, find, type Handler, ok } from "./handler";
import { fingerprint } from "./ssh-keys";

/** Hetzner's users of Storage Boxes are a `u` and six digits. */
const FIRST_USER = 500_000;

/** By Hetzner's policy; umlauts, which it allows too, aside. */
export const password = z
  .string()
  .min(12, "must have at least 12 characters")
  .max(128, "must have at most 128 characters")
  .regex(/^[A-Za-z0-9^°!§$%/()=?+#.,;:~*@{}_&-]*$/, "has a character that is not allowed")
  .regex(/[A-Z]/, "must have an uppercase letter")
  .regex(/[a-z]/, "must have a lowercase letter")
  .regex(/[0-9]/, "must have a digit")
  .regex(/[^A-Za-z0-9]/, "must have a special character");

export const ACCESS = z.strictObject({
  reachable_externally: z.boolean().nullish(),
  samba_enabled: z.boolean().nullish(),
  ssh_enabled: z.boolean().nullish(),
  webdav_enabled: z.boolean().nullish(),
  zfs_enabled: z.boolean().nullish(),
});

const CREATE = z.strictObject({
  name,
  storage_box_type: idOrName,
  location: idOrName,
  labels,
  password,
  ssh_keys: z.array(z.string().refine((line) => fingerprint(line) !== undefined, "is not a public SSH key")).nullish(),
  access_settings: ACCESS.nullish(),
});

const UPDATE = z.strictObject({ name: name.nullish(), labels });

const CLOSED: AccessSettings = {
  reachable_externally: false,
  samba_enabled: false,
  ssh_enabled: false,
  webdav_enabled: false,
  zfs_enabled: false,
};

/** The settings as they are after a request: what it doesn't name stays. Samba and WebDAV have nothing behind them here. */
export function changedAccess(before: AccessSettings, wanted: z.infer<typeof ACCESS>): AccessSettings {
  const named = Object.fromEntries(Object.entries(wanted).filter(([, value]) => typeof value === "boolean"));
  const after: AccessSettings = { ...before, ...named };
  for (const option of ["samba_enabled", "webdav_enabled", "zfs_enabled"] as const)
    if (after[option]) throw notImplemented(`the option 'access_settings.${option}' of a Storage Box`);
  return after;
}

export function typeFor(wanted: string | number): StorageBoxType {
  const type = byIdOrName(STORAGE_BOX_TYPES, wanted);
  if (!type) throw invalidInput([{ name: "storage_box_type", messages: [`'${wanted}' not found`] }]);
  return type;
}

const show = async (twin: Twin, box: StorageBox) =>
  showBox(box, box.status === "active" ? await twin.boxes.used(box) : 0);

export const findBox = (twin: Twin, id: number): StorageBox => find(twin.state.storageBoxes, id, "storage box");

/** A box that is there: what is still being made can't be changed. */
export function findActive(twin: Twin, id: number): StorageBox {
  const box = findBox(twin, id);
  if (box.status !== "active") throw conflict(`storage box ${box.name} is ${box.status}`);
  return box;
}

export const listTypes: Handler = ({ query }) => ok(page("storage_box_types", STORAGE_BOX_TYPES, query, showType));
export const getType: Handler = ({ ids: [id] }) =>
  ok({ storage_box_type: showType(find(STORAGE_BOX_TYPES, id, "storage box type")) });

export const listBoxes: Handler = async ({ twin, query }) => {
  const { storageBoxes } = twin.state;
  const shown = new Map(await Promise.all(storageBoxes.map(async (box) => [box, await show(twin, box)] as const)));
  return ok(page("storage_boxes", storageBoxes, query, (box) => shown.get(box)));
};

export const getBox: Handler = async ({ twin, ids: [id] }) => ok({ storage_box: await show(twin, findBox(twin, id)) });

export const createBox: Handler = async ({ twin, body: raw }) => {
  const wanted = body(CREATE, raw);
  const type = typeFor(wanted.storage_box_type);
  const location = STORAGE_BOX_LOCATIONS.find((name) => name === wanted.location);
  if (location === undefined)
    throw invalidInput([{ name: "location", messages: [`no Storage Boxes in '${wanted.location}'`] }]);
  const access = changedAccess(CLOSED, wanted.access_settings ?? {});
  await requireEngine(twin.machines.docker);
  const id = twin.store.id();
  const box: StorageBox = {
    id,
    name: wanted.name,
    status: "initializing",
    created: new Date().toISOString(),
    type: type.name,
    location,
    labels: wanted.labels ?? {},
    username: `u${FIRST_USER + id}`,
    ip: freeAddress(twin),
    sshKeys: wanted.ssh_keys ?? [],
    password: wanted.password,
    access,
    protection: false,
    snapshotPlan: null,
    size: null,
  };
  twin.state.storageBoxes.push(box);
  const action = twin.start("create", [{ id, type: "storage_box" }]);
  return created({ storage_box: showBox(box, 0), action: showAction(action) });
};

export const updateBox: Handler = async ({ twin, ids: [id], body: raw }) => {
  const box = findBox(twin, id);
  const wanted = body(UPDATE, raw);
  if (wanted.name) box.name = wanted.name;
  if (wanted.labels) box.labels = wanted.labels;
  twin.store.save();
  return ok({ storage_box: await show(twin, box) });
};

export const deleteBox: Handler = async ({ twin, ids: [id] }) => {
  const box = findBox(twin, id);
  if (box.protection) throw protectedResource(`storage box with ID '${id}'`);
  await requireEngine(twin.machines.docker);
  return created({ action: showAction(twin.start("delete", [{ id, type: "storage_box" }])) });
};

/** What an operator might look for: the folders right below a path. */
export const listFolders: Handler = async ({ twin, ids: [id], query }) => {
  const box = findActive(twin, id);
  const path = values(query, "path")[0] ?? ".";
  if (path.split("/").includes("..")) throw invalidInput([{ name: "path", messages: ["leads out of the box"] }]);
  const folders = await twin.boxes.folders(box, path);
  if (folders === undefined) throw notFound(`folder '${path}'`);
  return ok({ folders });
};
