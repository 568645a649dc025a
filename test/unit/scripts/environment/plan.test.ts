import { expect, test } from "vitest";
import { CONVENIENCE_KEYS, OWN_KEYS } from "../../../../infra/bundles/env";
import { differences } from "../../../../scripts/environment/compare";
import { namesOf } from "../../../../scripts/environment/names";
import { FATES } from "../../../../scripts/environment/own";
import { localOnes, plan } from "../../../../scripts/environment/plan";

const entries = (variables: Readonly<Record<string, string>>) =>
  Object.entries(variables).map(([key, value], at) => ({ key, value, line: at + 1 }));
const brief = ({ taken }: ReturnType<typeof plan>) =>
  taken.map(({ key, setting, secret, change }) => `${change} ${key} ${setting} ${secret ? "secret" : "plain"}`);

test("every variable becomes a secret, those that are named plain don't", () => {
  const planned = plan(entries({ API_KEY: "s3cret", LEVEL: "info" }), {}, ["LEVEL"]);
  expect(brief(planned)).toEqual(["new API_KEY env.API_KEY secret", "new LEVEL env.LEVEL plain"]);
  expect(planned.faults).toEqual([]);
});

test("values that name the developer's own computer are told", () => {
  const file = { FRONTEND_URL: "http://localhost:5173", MOTTO: "calm", API: "http://127.0.0.1:9", PORT: "3000" };
  expect(localOnes(plan(entries(file), {}, []).taken)).toEqual(["FRONTEND_URL", "API"]);
});

test("what the stack has already is compared, its secrecy too", () => {
  const present = {
    "queuehost:env.SAME": { value: "1", secret: true },
    "queuehost:env.OTHER": { value: "1", secret: true },
    "queuehost:env.OPEN": { value: "1", secret: false },
    "queuehost:env.EMPTY": { value: "", secret: false },
    "queuehost:app.port": { value: "3000" },
    "queuehost:queue.prefix": { value: "" },
  };
  const file = { SAME: "1", OTHER: "2", OPEN: "1", EMPTY: "1", PORT: "3000", QUEUE_PREFIX: "vale" };
  expect(brief(plan(entries(file), present, []))).toEqual([
    "same SAME env.SAME secret",
    "changed OTHER env.OTHER secret",
    "changed OPEN env.OPEN secret",
    "changed EMPTY env.EMPTY secret",
    "same PORT app.port plain",
    "new QUEUE_PREFIX queue.prefix plain",
  ]);
});

test("the deployment's own go to their settings, or are left out with the reason", () => {
  const file = {
    NODE_ENV: "development",
    REDIS_HOST: "10.0.0.5",
    REDIS_PASSWORD: "0123456789abcdef",
    REDIS_DB: "2",
    QUEUE_CONCURRENCY: "8",
    DATABASE_URL: "postgresql://old",
  };
  const planned = plan(entries(file), { "queuehost:postgres.enabled": { value: "true" } }, []);
  expect(brief(planned)).toEqual([
    "new REDIS_PASSWORD redis.password secret",
    "new REDIS_DB redis.db plain",
    "new QUEUE_CONCURRENCY queue.concurrency plain",
  ]);
  expect(planned.left.map(({ key }) => key)).toEqual(["NODE_ENV", "REDIS_HOST", "DATABASE_URL"]);
  for (const { why } of planned.left) expect(why).not.toBe("");
});

test("another database of the team's stays theirs", () => {
  expect(brief(plan(entries({ DATABASE_URL: "postgresql://elsewhere/db" }), {}, []))).toEqual([
    "new DATABASE_URL env.DATABASE_URL secret",
  ]);
});

test("a password that is too weak for the setting is left out; the stack keeps its own", () => {
  const { taken, left, faults } = plan(entries({ REDIS_PASSWORD: "redis" }), {}, []);
  expect([taken, faults]).toEqual([[], []]);
  expect(left[0]?.why).toMatch(/should be at least 16 .*redis\.password stays as it is/);
});

test("all faults are found at once, and none holds a value", () => {
  const { faults } = plan(
    entries({ PATH: "/s3cret", "A.B": "s3cret", QUOTES: `s3cret'"`, PORT: "s3cret", QUEUE_ENABLED: "s3cret" }),
    {},
    ["NOWHERE"],
  );
  expect(faults.map(({ line }) => line)).toEqual([undefined, 1, 2, 3, 4, 5]);
  expect(faults.map(({ reason }) => reason).join("\n")).not.toContain("s3cret");
});

test("a name of every object's is a variable like others", () => {
  expect(brief(plan(entries({ constructor: "1", toString: "2" }), {}, []))).toHaveLength(2);
});

test("of every variable that the deployment sets it is said what becomes of it", () => {
  expect(Object.keys(FATES).sort()).toEqual([...OWN_KEYS, ...CONVENIENCE_KEYS].sort());
});

test("differences are named by where they are", () => {
  expect(differences({ A: "1", B: "2", C: "" }, { B: "3", C: "", D: "4" })).toEqual([
    { key: "A", where: "only in the configuration" },
    { key: "B", where: "another value" },
    { key: "D", where: "only on the server" },
  ]);
});

test("the names of a configuration are listed with who sets them", () => {
  const names = namesOf({
    "queuehost:env.B": { secret: true },
    "queuehost:env.A": { value: "1", secret: false },
    "queuehost:env.REDIS_URL": { secret: true },
    "queuehost:app.name": { value: "vale" },
  });
  expect(names.filter(({ by }) => by === "team").map(({ key }) => key)).toEqual(["A", "B", "REDIS_URL"]);
  expect(names.filter(({ by, secret }) => by === "queuehost" && secret).map(({ key }) => key)).toEqual([
    "REDIS_PASSWORD",
  ]);
  expect(names.map(({ key }) => key)).not.toContain("DATABASE_URL");
  expect(namesOf({ "queuehost:postgres.enabled": { value: "true" } }).map(({ key }) => key)).toEqual([
    ...OWN_KEYS,
    ...CONVENIENCE_KEYS,
  ]);
});
