/** One of several processes that all try the same things on one task database at once; prints what it succeeded with. */
import { openStore } from "../../../../app/jobs/store/open";
import { newTask } from "../support/stores";

export const KEYS = 30;
export const ORDERED = 60;

export interface Won {
  readonly added: string[];
  readonly claimed: string[];
  readonly startedHere: string[];
  readonly completed: string[];
  readonly marked: string[];
}

async function race(place: string): Promise<Won> {
  const store = await openStore(JSON.parse(place));
  const won: Won = { added: [], claimed: [], startedHere: [], completed: [], marked: [] };
  const keys = Array.from({ length: KEYS }, (_, index) => `${index}`);
  const each = (work: (key: string) => Promise<unknown>) => Promise.all(keys.map(work));
  await each(async (key) => {
    if ((await store.insert(newTask(`added-${key}`))).isNew) won.added.push(key);
  });
  await each(async (key) => {
    if (await store.startHere(`here-${key}`)) won.startedHere.push(key);
  });
  await each(async (key) => {
    if (await store.complete(`completed-${key}`, null)) won.completed.push(key);
  });
  await each((key) =>
    store.transaction(async (transaction) => {
      if ((await store.mark(key, transaction)).first) won.marked.push(key);
    }),
  );
  // Tasks of three keys: claimed, run and completed by whoever gets them, until all are done.
  while ((await store.list({ type: "ordered", status: ["completed"] })).total < ORDERED) {
    for (const outgoing of await store.claimOutgoing(5, 60_000)) {
      const { id, type } = outgoing.task;
      won.claimed.push(id);
      await store.sent([outgoing]);
      await store.start(id, 1);
      if (type === "ordered") await note(id);
      await store.complete(id, null);
    }
  }
  await store.close();
  return won;

  async function note(id: string) {
    const db = store.db.withTables<{ race_runs: { task: string } }>();
    await db
      .insertInto("race_runs")
      .values({ task: `${id} begins` })
      .execute();
    await db
      .insertInto("race_runs")
      .values({ task: `${id} ends` })
      .execute();
  }
}

const [, , place] = process.argv;
if (place !== undefined && process.env.RACE === "yes") {
  void race(place).then((won) => process.stdout.write(JSON.stringify(won)));
}
