import { createHash } from "node:crypto";
import { z } from "zod";
import { invalidInput, uniquenessError } from "../errors";
import { body, labels, name } from "../request/body";
import { page } from "../request/list";
import { showSshKey } from "../show";
import type { SshKey } from "../state";
import { created, find, type Handler, noContent, ok } from "./handler";

const CREATE = z.strictObject({ name, public_key: z.string(), labels });
const UPDATE = z.strictObject({ name: name.nullish(), labels });

/** The MD5 fingerprint of a public key line, or undefined when it isn't one. */
export function fingerprint(line: string): string | undefined {
  const [type = "", blob = ""] = line.trim().split(/\s+/);
  const bytes = Buffer.from(blob, "base64");
  // The blob starts with its own type, with four bytes of length before it.
  const told = bytes.length > 4 ? bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString("latin1") : "";
  if (!/^(ssh|ecdsa|sk-)/.test(type) || told !== type) return undefined;
  return createHash("md5")
    .update(bytes)
    .digest("hex")
    .replace(/(..)(?=.)/g, "$1:");
}

function requireFreeName(keys: readonly SshKey[], name: string, self?: SshKey): void {
  if (keys.some((key) => key.name === name && key !== self))
    throw uniquenessError("SSH key name is already used", "name");
}

export const listSshKeys: Handler = ({ twin, query }) =>
  ok(
    page("ssh_keys", twin.state.sshKeys, query, showSshKey, {
      fingerprint: (key, wanted) => wanted.includes(key.fingerprint),
    }),
  );

export const getSshKey: Handler = ({ twin, ids: [id] }) =>
  ok({ ssh_key: showSshKey(find(twin.state.sshKeys, id, "SSH key")) });

export const createSshKey: Handler = ({ twin, body: raw }) => {
  const wanted = body(CREATE, raw);
  const { sshKeys } = twin.state;
  const print = fingerprint(wanted.public_key);
  if (!print) throw invalidInput([{ name: "public_key", messages: ["is not a public SSH key"] }]);
  requireFreeName(sshKeys, wanted.name);
  if (sshKeys.some(({ fingerprint }) => fingerprint === print))
    throw uniquenessError("SSH key with the same fingerprint already exists", "public_key");
  const key: SshKey = {
    id: twin.store.id(),
    name: wanted.name,
    publicKey: wanted.public_key.trim(),
    fingerprint: print,
    labels: wanted.labels ?? {},
    created: new Date().toISOString(),
  };
  sshKeys.push(key);
  twin.store.save();
  return created({ ssh_key: showSshKey(key) });
};

export const updateSshKey: Handler = ({ twin, ids: [id], body: raw }) => {
  const key = find(twin.state.sshKeys, id, "SSH key");
  const wanted = body(UPDATE, raw);
  if (wanted.name) {
    requireFreeName(twin.state.sshKeys, wanted.name, key);
    key.name = wanted.name;
  }
  if (wanted.labels) key.labels = wanted.labels;
  twin.store.save();
  return ok({ ssh_key: showSshKey(key) });
};

/** The key stays on the servers that were made with it. */
export const deleteSshKey: Handler = ({ twin, ids: [id] }) => {
  const key = find(twin.state.sshKeys, id, "SSH key");
  twin.state.sshKeys = twin.state.sshKeys.filter((other) => other !== key);
  twin.store.save();
  return noContent;
};
