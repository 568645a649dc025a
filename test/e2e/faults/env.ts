import { byCommand, type Fault } from "./fault";

const SHARED = "/srv/$APP_NAME/shared";
const ENV = `${SHARED}/.env`;

export const ENV_FAULTS: readonly Fault[] = [
  {
    name: "the release has an .env of its own",
    ...byCommand(
      `cd /srv/$APP_NAME/current && rm .env && cp -p ${ENV} .env`,
      `ln -sfn ${ENV} /srv/$APP_NAME/current/.env`,
    ),
    red: ["env: .env of the application is the shared one"],
  },
  {
    name: ".env can be read by everyone",
    ...byCommand(`chmod 644 ${ENV}`, `chmod 640 ${ENV}`),
    red: ["env: .env is readable by root and the application alone", "env: no copy of .env is open to others"],
  },
  {
    name: ".env can be read and reached by everyone",
    ...byCommand(`chmod 644 ${ENV}; chmod o+x ${SHARED}`, `chmod o-x ${SHARED}; chmod 640 ${ENV}`),
    red: [
      "env: .env is readable by root and the application alone",
      "env: another user is refused .env",
      "env: no copy of .env is open to others",
    ],
  },
  {
    name: "the application can't read .env",
    ...byCommand(`chgrp root ${ENV}`, `chgrp app ${ENV}`),
    red: ({ app }) => [
      "env: .env is readable by root and the application alone",
      "env: the application can read .env",
      // The shop does without the file; ours refuses to start where it can't read what is there.
      ...(app === "reference" ? ["app: the smoke test succeeds"] : []),
    ],
  },
  {
    name: "a key of .env is gone",
    ...byCommand(`edit ${ENV} /^REDIS_CACHE_PORT=/d`, `restore ${ENV}`),
    red: ["env: .env has every key the application needs"],
  },
  {
    name: ".env was changed, and no process restarted",
    ...byCommand(`edit ${ENV} '$ a ADDED=later'`, `restore ${ENV}`),
    red: ({ units }) => units.map((unit) => `env: ${unit} has what .env says`),
  },
  {
    name: "a copy of .env is open to everyone",
    ...byCommand(`install -m 644 ${ENV} ${ENV}.old`, `rm ${ENV}.old`),
    red: ["env: no copy of .env is open to others"],
  },
  {
    name: "a command line has the password of Redis in it",
    ...byCommand(
      `systemd-run -q -u stray-password bash -c 'sleep 1000; :' password "$(. ${ENV}; echo "$REDIS_PASSWORD")"`,
      "systemctl stop stray-password",
    ),
    red: ["env: the password of Redis is in no command line or unit"],
  },
];
