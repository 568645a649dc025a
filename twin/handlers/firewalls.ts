import { z } from "zod";
import { ApiError, resourceInUse, uniquenessError } from "../errors";
import { body, labels, name } from "../request/body";
import { labelSelector } from "../request/labels";
import { page } from "../request/list";
import { rules } from "../request/rules";
import { showAction, showFirewall } from "../show";
import type { Action, Firewall, FirewallTarget } from "../state";
import type { Twin } from "../twin";
import { created, find, type Handler, noContent, ok } from "./handler";

const TARGETS = z.array(
  z.object({
    type: z.enum(["server", "label_selector"]),
    server: z.object({ id: z.int() }).nullish(),
    label_selector: z.object({ selector: z.string() }).nullish(),
  }),
);
type Targets = z.infer<typeof TARGETS>;

const CREATE = z.strictObject({ name, labels, rules: rules.nullish(), apply_to: TARGETS.nullish() });
const UPDATE = z.strictObject({ name: name.nullish(), labels });
const SET_RULES = z.strictObject({ rules });
const APPLY = z.strictObject({ apply_to: TARGETS.min(1) });
const REMOVE = z.strictObject({ remove_from: TARGETS.min(1) });

const missing = () => new ApiError(404, "firewall_resource_not_found", "firewall resource not found");

function targets(twin: Twin, wanted: Targets): FirewallTarget[] {
  return wanted.map(({ type, server, label_selector: selector }) => {
    if (type === "label_selector") {
      labelSelector(selector?.selector ?? "", "label_selector.selector");
      return { type, selector: selector?.selector ?? "" };
    }
    if (!twin.state.servers.some(({ id }) => id === server?.id)) throw missing();
    return { type, server: server?.id ?? 0 };
  });
}

const same = (a: FirewallTarget) => (b: FirewallTarget) => JSON.stringify(a) === JSON.stringify(b);

const resources = (firewall: Firewall, target: FirewallTarget): Action["resources"] => [
  { id: firewall.id, type: "firewall" },
  ...(target.type === "server" ? [{ id: target.server, type: "server" }] : []),
];

function requireFreeName(twin: Twin, name: string, self?: Firewall): void {
  if (twin.state.firewalls.some((firewall) => firewall.name === name && firewall !== self))
    throw uniquenessError("name is already used", "name");
}

export const listFirewalls: Handler = ({ twin, query }) =>
  ok(page("firewalls", twin.state.firewalls, query, (firewall) => showFirewall(firewall, twin.state)));

export const getFirewall: Handler = ({ twin, ids: [id] }) =>
  ok({ firewall: showFirewall(find(twin.state.firewalls, id, "firewall"), twin.state) });

export const createFirewall: Handler = ({ twin, body: raw }) => {
  const wanted = body(CREATE, raw);
  requireFreeName(twin, wanted.name);
  const appliedTo = targets(twin, wanted.apply_to ?? []);
  const firewall: Firewall = {
    id: twin.store.id(),
    name: wanted.name,
    labels: wanted.labels ?? {},
    created: new Date().toISOString(),
    rules: wanted.rules ?? [],
    appliedTo,
  };
  twin.state.firewalls.push(firewall);
  twin.store.save();
  const actions = [
    ...(firewall.rules.length > 0 ? [twin.start("set_firewall_rules", [{ id: firewall.id, type: "firewall" }])] : []),
    ...appliedTo.map((target) => twin.start("apply_firewall", resources(firewall, target))),
  ];
  return created({ firewall: showFirewall(firewall, twin.state), actions: actions.map(showAction) });
};

export const updateFirewall: Handler = ({ twin, ids: [id], body: raw }) => {
  const firewall = find(twin.state.firewalls, id, "firewall");
  const wanted = body(UPDATE, raw);
  if (wanted.name) {
    requireFreeName(twin, wanted.name, firewall);
    firewall.name = wanted.name;
  }
  if (wanted.labels) firewall.labels = wanted.labels;
  twin.store.save();
  return ok({ firewall: showFirewall(firewall, twin.state) });
};

export const deleteFirewall: Handler = ({ twin, ids: [id] }) => {
  const firewall = find(twin.state.firewalls, id, "firewall");
  if (firewall.appliedTo.length > 0) throw resourceInUse(`firewall with ID '${id}' is still in use`);
  twin.state.firewalls = twin.state.firewalls.filter((other) => other !== firewall);
  twin.store.save();
  return noContent;
};

export const setRules: Handler = ({ twin, ids: [id], body: raw }) => {
  const firewall = find(twin.state.firewalls, id, "firewall");
  firewall.rules = body(SET_RULES, raw).rules;
  twin.store.save();
  const actions = [
    twin.start("set_firewall_rules", [{ id, type: "firewall" }]),
    ...firewall.appliedTo.map((target) => twin.start("apply_firewall", resources(firewall, target))),
  ];
  return created({ actions: actions.map(showAction) });
};

export const applyToResources: Handler = ({ twin, ids: [id], body: raw }) => {
  const firewall = find(twin.state.firewalls, id, "firewall");
  const wanted = targets(twin, body(APPLY, raw).apply_to);
  for (const target of wanted) {
    if (firewall.appliedTo.some(same(target)))
      throw new ApiError(409, "firewall_already_applied", "firewall was already applied on resource");
  }
  firewall.appliedTo.push(...wanted);
  twin.store.save();
  return created({
    actions: wanted.map((target) => showAction(twin.start("apply_firewall", resources(firewall, target)))),
  });
};

export const removeFromResources: Handler = ({ twin, ids: [id], body: raw }) => {
  const firewall = find(twin.state.firewalls, id, "firewall");
  const wanted = targets(twin, body(REMOVE, raw).remove_from);
  for (const target of wanted) if (!firewall.appliedTo.some(same(target))) throw missing();
  firewall.appliedTo = firewall.appliedTo.filter((target) => !wanted.some(same(target)));
  twin.store.save();
  return created({
    actions: wanted.map((target) => showAction(twin.start("remove_firewall", resources(firewall, target)))),
  });
};
