import { KINDS, type Labelled } from "./cloud";
import { nameIn, type Resource, type State } from "./state";

/** An entry of the file that `pulumi import` takes, and what it needs of its table of names. */
export interface Adoption {
  readonly found: Labelled;
  readonly type: string;
  /** Name of the resource in the program. */
  readonly name: string;
  readonly parent: string;
  /** Version of the provider that the stack uses. */
  readonly version?: string;
}

/** What the cloud has of a stack and its state doesn't know. */
export interface Orphans {
  readonly adoptions: readonly Adoption[];
  /** Those that can't be taken over, and why. */
  readonly strangers: readonly { readonly found: Labelled; readonly why: string }[];
}

/** Compares the cloud with a state. Order: what a server uses comes before it. */
export function orphans(labelled: readonly Labelled[], state: State): Orphans {
  const known = new Set(state.resources.map(({ type, id }) => `${type} ${id}`));
  const unknown = labelled.filter(({ kind, id }) => !known.has(`${KINDS[kind].type} ${id}`));
  const adoptions: Adoption[] = [];
  const strangers: { found: Labelled; why: string }[] = [];
  for (const found of unknown) {
    const adoption = adopt(found, labelled, state);
    if (typeof adoption === "string") strangers.push({ found, why: adoption });
    else adoptions.push(adoption);
  }
  return { adoptions, strangers };
}

/** How a thing is taken over, or why it can't be. */
function adopt(found: Labelled, labelled: readonly Labelled[], { resources, pending }: State): Adoption | string {
  const { type, component } = KINDS[found.kind];
  const started = pending.filter((one) => one.type === type && one.parent !== undefined);
  const childless = resources.filter(
    (one) => one.type === component && !resources.some((child) => child.type === type && child.parent === one.urn),
  );
  const parents = started.length > 0 ? started.map(({ parent }) => parent) : childless.map(({ urn }) => urn);
  const [parent, another] = parents;
  if (parent === undefined)
    return resources.some((one) => one.type === component)
      ? "the state has another in its place"
      : "the state has no trace of it: it was lost, or a stack of the same name has its state elsewhere";
  if (another !== undefined) return "the program makes several, and it can't be told which one it is";
  if (found.kind !== "firewalls" && !hasKeyFor(found, parent, labelled, resources))
    return "its key isn't in the state, so that nobody could log in";
  const version = versionOf(resources, pending);
  return { found, type, name: nameIn(parent), parent, ...(version === undefined ? {} : { version }) };
}

/** Whether the deployment's private key is in the state: its public half is an ssh key of the stack in the cloud. */
function hasKeyFor(
  found: Labelled,
  parent: string,
  labelled: readonly Labelled[],
  resources: readonly Resource[],
): boolean {
  const made = resources.find(({ urn, parent: its }) => its === parent && nameIn(urn).endsWith("-deploy-key"));
  const stdout = secretText(made?.outputs?.stdout);
  const body = stdout.split("\n")[0]?.split(" ")[1] ?? "";
  const keys = found.kind === "ssh_keys" ? [found] : labelled.filter(({ kind }) => kind === "ssh_keys");
  return body !== "" && keys.some(({ publicKey = "" }) => publicKey.split(" ")[1] === body);
}

/** A secret output stands in an export as an object with its value as JSON. */
function secretText(output: unknown): string {
  if (typeof output === "string") return output;
  if (typeof output !== "object" || output === null || !("plaintext" in output)) return "";
  return String(JSON.parse(String(output.plaintext)));
}

/** The default provider's name ends with its version: `default_1_41_0`. */
function versionOf(resources: readonly Resource[], pending: readonly Resource[]): string | undefined {
  const provider = [...resources, ...pending].find(({ type, provider }) => type.startsWith("hcloud:") && provider);
  return /::default_(\d+)_(\d+)_(\d+)::/
    .exec(provider?.provider ?? "")
    ?.slice(1)
    .join(".");
}
