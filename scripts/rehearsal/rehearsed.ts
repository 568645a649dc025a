import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import type { Replaced } from "./replaced";

/**
 * What a rehearsal has of its own: who may reach and delete the machine, and the cloud; what is rehearsed is what would be built
 * now, whatever release is held. A password that the other stack hasn't got yet is made for it.
 */
const OWN =
  /^(hcloud:.*|queuehost:(server\.(name|protect)|ssh\..*|storageBox\.hostKey|domain\.zone|app\.release|requireRehearsal))$/;
/** Nobody outside gives certificates for a machine on loopback. */
const CERTIFICATES = "queuehost:domain.certificates";
const MADE = "queuehost:redis.password";
/** Where backups go besides. A bucket or a folder would be the other stack's own; a Storage Box is one of the twin's. */
const TO = "queuehost:backups.to";
const OFF_SERVER = /^queuehost:backups\.(to|password|s3\..*|appendOnly|bandwidth|check|checkData)$/;
/**
 * What a rehearsal with data has in place of the stack's own: nobody watches, since nothing was there before; and the backup that
 * it was brought is not to be pruned.
 */
const WITH_DATA = { "queuehost:watch.seconds": "0", "queuehost:backups.keep": "100" };

/** @throws UserError where there is no such stack, or its state can't be read */
export async function assertStack(stack: Pulumi): Promise<void> {
  const { exitCode, output } = await stack.run(["stack", "export"]);
  if (exitCode === 0) return;
  const init = typed("init", "<folder of the application>", "--stack", stack.stack);
  throw new UserError(`Stack ${stack.stack} can't be rehearsed:\n${output.trim()}\nWhere it isn't there yet: ${init}`);
}

/**
 * Gives the rehearsal the configuration of another stack, its secrets included.
 *
 * @param replaced what stands in place of its values
 * @param withData whether its data come as well: nothing of them goes off the machine then, to no Storage Box either
 */
export async function rehearse(
  other: Pulumi,
  rehearsal: Pulumi,
  replaced: Replaced,
  report: (line: string) => void,
  withData = false,
): Promise<void> {
  const [configured, present] = await Promise.all([other.configured(), rehearsal.configured()]);
  const wanted = new Map(
    [...configured].map(([key, { value, secret }]) => [
      key,
      { value: replaced[key.replace(/^queuehost:/, "")] ?? value, secret },
    ]),
  );
  if (withData || wanted.get(TO)?.value !== "storage-box")
    for (const key of [...wanted.keys()].filter((key) => OFF_SERVER.test(key))) wanted.delete(key);
  if (withData) for (const [key, value] of Object.entries(WITH_DATA)) wanted.set(key, { value, secret: false });
  if (wanted.has("queuehost:domain")) wanted.set(CERTIFICATES, { value: "internal", secret: false });
  const due = [...wanted].filter(([key, { value, secret }]) => {
    const before = present.get(key);
    return !OWN.test(key) && (before?.value !== value || before.secret !== secret);
  });
  const stale = [...present.keys()].filter((key) => !OWN.test(key) && key !== MADE && !wanted.has(key));
  if (due.length + stale.length === 0) return;
  report(`taking over the configuration of stack ${other.stack}`);
  const values = (secrets: boolean) =>
    Object.fromEntries(due.flatMap(([key, { value, secret }]) => (secret === secrets ? [[key, value]] : [])));
  if (stale.length > 0) await rehearsal.read(["config", "rm-all", ...stale]);
  await rehearsal.configure(values(false), values(true));
}
