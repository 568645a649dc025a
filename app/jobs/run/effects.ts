import type { Store, Transaction } from "../store/store";

/** Effects that are had once, by marks in the task database. What they give is kept as JSON: a repeat gets the very same. */
export class Effects {
  constructor(private readonly store: () => Promise<Store>) {}

  async once<T>(key: string, effect: (transaction: Transaction) => Promise<T>): Promise<T> {
    const store = await this.store();
    const kept = await store.transaction(async (transaction) => {
      const mark = await store.mark(key, transaction);
      if (!mark.first) return mark.result;
      const result = toJson(await effect(transaction));
      await store.noteResult(key, result, transaction);
      return result;
    });
    return fromJson(kept);
  }

  async deliver<T>(key: string, effect: (key: string) => Promise<T>): Promise<T> {
    const store = await this.store();
    const known = await store.effect(key);
    if (known) return fromJson(known.result);
    const result = toJson(await effect(key));
    const kept = await store.transaction(async (transaction) => {
      const mark = await store.mark(key, transaction);
      if (!mark.first) return mark.result;
      await store.noteResult(key, result, transaction);
      return result;
    });
    return fromJson(kept);
  }
}

/** Undefined, as JSON has it: null. */
export function toJson(value: unknown): string | null {
  return JSON.stringify(value) ?? null;
}

function fromJson<T>(json: string | null): T {
  return (json === null ? undefined : JSON.parse(json)) as T;
}
