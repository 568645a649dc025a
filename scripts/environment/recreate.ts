import { RESTORING } from "../../infra/config/hetzner";
import { ensureEngine } from "../engine";
import { heal, observe } from "../healing";
import { UserError } from "../lib/errors";
import { typed } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { ago } from "../release/words";
import type { Subject } from "../verification/check";
import { assertAnswerable, bringUp, isGreen } from "./bring-up";
import { existence } from "./existence";
import { ADDRESS, keptWith, STORAGE_BOX } from "./kept";
import { assertUnprotected } from "./protection";
import { assertRebuildable } from "./rebuildable";
import { bringBack } from "./rescue/bring-back";
import { Clock } from "./rescue/clock";
import { lossOf } from "./rescue/loss";
import { Kept, type Note } from "./rescue/note";
import { asJson, asText } from "./rescue/report";
import { resumed } from "./rescue/resumed";
import { type Leaving, leaving, type Source, sourceOf } from "./rescue/source";
import { take } from "./rescue/take";
import { type Screen, screen as screenOf } from "./screen";
import { tearDown, typeName } from "./tear-down";
import { settingsOf } from "./wanted";

export interface RecreateOptions {
  /** latest, a backup's id or date, or none. */
  readonly restore: string;
  /** Makes no last backup of a server that answers, where that fails. */
  readonly withoutLast: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * A new server in place of the old one, which may be gone already. Its Storage Box and its kept addresses stay.
 *
 * @returns whether everything is as it should be
 * @throws UserError where the stack is protected, where nothing could be brought back, or where a step didn't get through
 * @throws Interrupted after Ctrl-C, or where the stack's name wasn't typed
 */
export async function recreateStack(
  pulumi: Pulumi,
  { restore, withoutLast, yes, json }: RecreateOptions,
): Promise<boolean> {
  const { stack } = pulumi;
  const screen = screenOf(json);
  const again = typed(
    "recreate",
    "--stack",
    stack,
    ...(restore === "none" ? [] : ["--restore", restore]),
    ...(withoutLast ? ["--without-last"] : []),
  );
  const clock = new Clock();
  assertAnswerable(yes);
  await ensureEngine();
  const observed = await observe(pulumi);
  const is = await existence(pulumi, observed);
  const { resources } = observed.state;
  const kept = keptWith(
    resources,
    resources.filter(({ type }) => type === STORAGE_BOX || type === ADDRESS),
  );
  const box = new Kept(stack);
  let note = restore === "none" ? undefined : resumed(box, is, restore);
  if (note !== undefined) {
    screen.say(
      `going on with what was begun ${ago(note.since)}: ${note.id === undefined ? "the newest backup" : `backup ${note.id}`} is brought back`,
    );
    if (!yes) await typeName(pulumi, "go on with that");
    clock.lap();
    if (is.server === "gone") await tearDown(pulumi, { kept, gone: true, again, screen });
    clock.lap("deletion");
  } else {
    if (is.server === "there")
      await assertUnprotected(
        pulumi,
        resources.filter((one) => !kept.includes(one)),
      );
    const left = await leaving(pulumi, is);
    const source = restore === "none" ? undefined : await sourceOf(pulumi, is, left, restore, withoutLast, screen);
    if (source === undefined) await lossOf(pulumi, left, screen);
    if (!yes) await typeName(pulumi, question(is.server === "there" ? is.name : undefined, source));
    await heal(pulumi, screen.say);
    await assertRebuildable(pulumi, screen);
    clock.lap();
    if (source !== undefined) note = await safe(is.id ?? "", left, source, box, screen);
    clock.lap("backup");
    await tearDown(pulumi, { kept, gone: is.server === "gone", again, screen });
    clock.lap("deletion");
  }
  // Who typed the name has been asked.
  const without = note === undefined ? pulumi : pulumi.with({ [RESTORING]: (await settingsOf(pulumi))["app.name"] });
  const green = await bringUp(without, { yes: true, verify: note === undefined, again, screen });
  clock.lap("bringUp");
  if (note === undefined) {
    if (json) console.log(JSON.stringify({ stack, ok: green, seconds: clock.seconds() }, null, 2));
    return green;
  }
  const returned = await goingOn(bringBack(pulumi, note, box, screen), again);
  clock.lap("restore");
  const ok = await isGreen(pulumi, screen);
  // Until somebody has seen it whole: the copy on this computer may be the only other one.
  if (ok) box.remove();
  const { host: now } = (await pulumi.outputs()).verification as Subject;
  const result = {
    ...returned,
    stack,
    ok,
    address: { ...(note.address && { before: note.address }), now },
    seconds: clock.seconds(),
  };
  console.log(json ? asJson(result) : asText(result));
  return ok;
}

/** Has what is to be brought back where the end of the server doesn't reach it. */
async function safe(id: string, left: Leaving | undefined, source: Source, kept: Kept, screen: Screen): Promise<Note> {
  if (left !== undefined && source.answers) return take(left, id, source, kept, screen);
  const note = {
    server: id,
    ...(left && { address: left.address }),
    since: new Date(),
    files: [],
    ...(source.id !== undefined && { id: source.id }),
  };
  kept.write(note);
  return note;
}

function question(name: string | undefined, source: Source | undefined): string {
  const then =
    source === undefined
      ? ""
      : `, and bring back ${source.id === undefined ? (source.last ? "what is on it now" : `the newest backup at ${source.place}`) : `backup ${source.id}`}`;
  if (name === undefined) return `make a new server${then}`;
  return `delete ${name}${source === undefined ? " with all data and backups on it" : ""}${then}`;
}

/** The same, whose failure says how to go on. */
async function goingOn<T>(work: Promise<T>, again: string): Promise<T> {
  return work.catch((error) => {
    throw error instanceof UserError ? new UserError(`${error.message}\n${again} goes on from here.`) : error;
  });
}
