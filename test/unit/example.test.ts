import { expect, test } from "vitest";
import { assertExampleKeys } from "../../infra/config/example";
import { ReleaseError } from "../../infra/release";

const settings = { stack: "staging", project: "queuehost", env: {}, "postgres.enabled": false };

test("keys that the deployment sets aren't asked for, nor are those that the stack has", () => {
  const named = ["PORT", "REDIS_URL", "SMTP_HOST"];
  expect(() => assertExampleKeys({ ...settings, env: { SMTP_HOST: "" } }, named)).not.toThrow();
});

test("those that are missing are named all at once, each with the line that sets it", () => {
  expect(() => assertExampleKeys(settings, ["PORT", "SMTP_HOST", "JWT_SECRET"])).toThrow(
    new ReleaseError(`The configuration of stack staging lacks 2 variables of the application:
  env.SMTP_HOST: the application's example file names it, the stack doesn't set it
      npx pulumi config set --secret env.SMTP_HOST --stack staging
  env.JWT_SECRET: the application's example file names it, the stack doesn't set it
      npx pulumi config set --secret env.JWT_SECRET --stack staging
A whole file at once: npm run queuehost -- env import FILE --stack staging. One that may be empty: npx pulumi config set env.KEY '' --stack staging`),
  );
});

test("DATABASE_URL is there with a database on the server, or with one of the team's own", () => {
  expect(() => assertExampleKeys({ ...settings, "postgres.enabled": true }, ["DATABASE_URL"])).not.toThrow();
  expect(() =>
    assertExampleKeys({ ...settings, env: { DATABASE_URL: "postgres://db" } }, ["DATABASE_URL"]),
  ).not.toThrow();
  expect(() => assertExampleKeys({ ...settings, project: "shop" }, ["DATABASE_URL"])).toThrow(
    /env\.DATABASE_URL: (.|\n)*\nA database on the server: npx pulumi config set queuehost:postgres\.enabled true --stack staging$/,
  );
});
