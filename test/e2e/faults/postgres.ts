import { APPS } from "../apps";
import { POSTGRES_OFF_FAULTS, postgresFaults } from "../faults-postgres";
import type { Fault } from "./fault";

/** The application's name, with what PostgreSQL takes. */
const DATABASE = APPS.shop.plain["app.name"].replaceAll("-", "_");
/** The shop keeps its orders there. */
const STOPS_THE_SHOP = ["PostgreSQL is stopped", "the application can't write"];

export const POSTGRES_FAULTS: readonly Fault[] = [
  ...postgresFaults(DATABASE).map((fault) => ({
    ...fault,
    only: "shop" as const,
    red: [...fault.red, ...(STOPS_THE_SHOP.includes(fault.name) ? ["app: the smoke test succeeds"] : [])],
  })),
  ...POSTGRES_OFF_FAULTS.map((fault) => ({ ...fault, only: "reference" as const })),
];
