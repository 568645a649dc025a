import { invalidInput } from "../errors";
import { page, values } from "../request/list";
import { showAction } from "../show";
import type { State } from "../state";
import { type Call, find, type Handler, ok } from "./handler";

const FILTERS = {
  id: ({ id }: { id: number }, wanted: readonly string[]) => wanted.includes(String(id)),
  status: ({ status }: { status: string }, wanted: readonly string[]) => wanted.includes(status),
};

/** Actions by their numbers: Hetzner lists no others. */
export const listActions: Handler = ({ twin, query }) => {
  if (values(query, "id").length === 0) throw invalidInput([{ name: "id", messages: ["is required"] }]);
  return ok(page("actions", twin.state.actions, query, showAction, FILTERS));
};

export const getAction: Handler = ({ twin, ids: [id] }) =>
  ok({ action: showAction(find(twin.state.actions, id, "action")) });

/** The resources that have lists of their own actions, by the name that actions give them. */
const WITH_ACTIONS = {
  server: ({ servers }: State) => servers,
  firewall: ({ firewalls }: State) => firewalls,
  primary_ip: ({ primaryIps }: State) => primaryIps,
  storage_box: ({ storageBoxes }: State) => storageBoxes,
} satisfies Record<string, (state: State) => readonly { readonly id: number }[]>;
type WithActions = keyof typeof WITH_ACTIONS;

/** `/servers/actions`, `/firewalls/actions`: all those of one kind of resource. */
export const listActionsOf =
  (type: WithActions): Handler =>
  ({ twin, query }) => {
    const actions = twin.state.actions.filter(({ resources }) => resources.some((resource) => resource.type === type));
    return ok(page("actions", actions, query, showAction, FILTERS));
  };

const ofResource = (type: WithActions, { twin, ids: [id] }: Call) => {
  find<{ readonly id: number }>(WITH_ACTIONS[type](twin.state), id, type);
  return twin.state.actions.filter(({ resources }) =>
    resources.some((resource) => resource.type === type && resource.id === id),
  );
};

/** `/servers/{id}/actions`, `/firewalls/{id}/actions`. */
export const listActionsOfOne =
  (type: WithActions): Handler =>
  (call) =>
    ok(page("actions", ofResource(type, call), call.query, showAction, FILTERS));

export const getActionOfOne =
  (type: WithActions): Handler =>
  (call) =>
    ok({ action: showAction(find(ofResource(type, call), call.ids[1], "action")) });
