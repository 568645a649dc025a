import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { invalidInput, notFound, notImplemented, uniquenessError } from "../errors";
import { body, labels } from "../request/body";
import { page } from "../request/list";
import { showAction, showRecordSet } from "../show";
import type { RecordSet, Zone } from "../state";
import { type Call, created, type Handler, ok } from "./handler";
import { zoneOf } from "./zones";

/** The types whose values are checked, and so imitated. */
const VALUES: Readonly<Record<string, (value: string) => boolean>> = { A: isIPv4, AAAA: isIPv6 };

const name = z
  .string()
  .regex(
    /^(@|[a-z0-9_*]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*)$/,
    "must be in lower case, without a dot at its end, or @",
  );
const ttl = z.int().min(60).max(2_147_483_647).nullish();
const records = z.array(z.strictObject({ value: z.string(), comment: z.string().nullish() })).min(1);

const CREATE = z.strictObject({ name, type: z.string(), ttl, labels, records });
const UPDATE = z.strictObject({ labels });
const SET_RECORDS = z.strictObject({ records });
const CHANGE_TTL = z.strictObject({ ttl });

type Records = z.infer<typeof records>;

function checked(type: string, wanted: Records): RecordSet["records"] {
  const isValue = VALUES[type];
  if (!isValue) throw notImplemented(`records of type '${type}'`);
  const wrong = wanted.find(({ value }) => !isValue(value));
  if (wrong)
    throw invalidInput([{ name: "records", messages: [`'${wrong.value}' is no value of a record of type ${type}`] }]);
  return wanted.map(({ value, comment }) => ({ value, comment: comment ?? "" }));
}

/** The record set that the path names, and its zone. */
function found(call: Call): { zone: Zone; set: RecordSet } {
  const { name, type } = call.names;
  const zone = zoneOf(call);
  const set = zone.recordSets.find((other) => other.name === name && other.type === type);
  if (!set) throw notFound(`rrset '${name}/${type}'`);
  return { zone, set };
}

const inZone = ({ id }: Zone) => [{ id, type: "zone" }];

export const listRecordSets: Handler = (call) => {
  const zone = zoneOf(call);
  const listed = zone.recordSets.map((set, id) => ({ ...set, id, set }));
  return ok(
    page("rrsets", listed, call.query, ({ set }) => showRecordSet(set, zone), {
      type: ({ type }, wanted) => wanted.includes(type),
    }),
  );
};

export const getRecordSet: Handler = (call) => {
  const { zone, set } = found(call);
  return ok({ rrset: showRecordSet(set, zone) });
};

export const createRecordSet: Handler = (call) => {
  const { twin } = call;
  const zone = zoneOf(call);
  const { name, type, ttl, labels, records } = body(CREATE, call.body);
  if (zone.recordSets.some((other) => other.name === name && other.type === type))
    throw uniquenessError(`RRSet with name '${name}' and type '${type}' already exists`, "name");
  const set: RecordSet = { name, type, ttl: ttl ?? null, labels: labels ?? {}, records: checked(type, records) };
  zone.recordSets.push(set);
  twin.store.save();
  return created({
    rrset: showRecordSet(set, zone),
    action: showAction(twin.start("create_rrset", inZone(zone))),
  });
};

export const updateRecordSet: Handler = (call) => {
  const { zone, set } = found(call);
  const { labels } = body(UPDATE, call.body);
  if (labels) set.labels = labels;
  call.twin.store.save();
  return ok({ rrset: showRecordSet(set, zone) });
};

export const deleteRecordSet: Handler = (call) => {
  const { zone, set } = found(call);
  zone.recordSets = zone.recordSets.filter((other) => other !== set);
  call.twin.store.save();
  return created({ action: showAction(call.twin.start("delete_rrset", inZone(zone))) });
};

export const setRecords: Handler = (call) => {
  const { zone, set } = found(call);
  set.records = checked(set.type, body(SET_RECORDS, call.body).records);
  call.twin.store.save();
  return created({ action: showAction(call.twin.start("set_rrset_records", inZone(zone))) });
};

export const changeTtl: Handler = (call) => {
  const { zone, set } = found(call);
  set.ttl = body(CHANGE_TTL, call.body).ttl ?? null;
  call.twin.store.save();
  return created({ action: showAction(call.twin.start("change_rrset_ttl", inZone(zone))) });
};
