/** Where a measurement is to happen. */
export interface Place {
  readonly port: number;
  readonly prefix: string;
  readonly folder: string;
}

/** One side, ready to be measured. */
export interface Opened {
  add(): Promise<unknown>;
  addBulk(n: number): Promise<unknown>;
  /** Takes jobs, and calls `count` at the end of each run. */
  work(count: () => void): void;
  close(): Promise<void>;
}

/** Jobs before the clock starts: connections are made, code is compiled. */
const WARM_UP = 200;
export const PARALLEL = 32;
export const BULK = 100;

/** What both sides can be asked; each gives jobs a second. */
export function rates(open: (place: Place, concurrency?: number) => Promise<Opened>) {
  const adding = (add: (side: Opened, n: number) => Promise<void>) => async (place: Place, n: number) => {
    const side = await open(place);
    await add(side, WARM_UP);
    const began = performance.now();
    await add(side, n);
    const took = performance.now() - began;
    await side.close();
    return (n / took) * 1000;
  };
  return {
    addOneByOne: adding(async (side, n) => {
      for (let i = 0; i < n; i += 1) await side.add();
    }),
    addInParallel: adding(async (side, n) => {
      let left = n;
      const client = async () => {
        for (; left > 0; ) {
          left -= 1;
          await side.add();
        }
      };
      await Promise.all(Array.from({ length: PARALLEL }, client));
    }),
    addInBulk: adding(async (side, n) => {
      for (let i = 0; i < n; i += BULK) await side.addBulk(BULK);
    }),
    /** From the end of the last job of the warm-up to that of the last one. */
    work: async (place: Place, n: number, concurrency: number) => {
      const side = await open(place, concurrency);
      const all = n + WARM_UP;
      for (let i = 0; i < all; i += BULK) await side.addBulk(BULK);
      let done = 0;
      let began = 0;
      await new Promise<void>((settle) => {
        side.work(() => {
          done += 1;
          if (done === WARM_UP) began = performance.now();
          if (done === all) settle();
        });
      });
      const took = performance.now() - began;
      await side.close();
      return (n / took) * 1000;
    },
  };
}
