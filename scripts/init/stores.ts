import { EXAMPLES } from "../../infra/release/example";
import { reads } from "./environment";
import { type App, dependsOn, type Finding } from "./finding";

/** What the keys of its queues begin with, and that it may reach all others too. */
export function redisOf(app: App): { found: Finding[]; open: string[] } {
  const queues = app.files.filter(({ text }) => /\bbullmq\b/.test(text));
  const prefixes = queues.flatMap(({ path, text }) =>
    [...text.matchAll(/\bprefix\s*:\s*(?:process\.env\.\w+\s*(?:\|\||\?\?)\s*)?["'`]([A-Za-z0-9_-]{1,40})["'`]/g)].map(
      ([, value = ""]) => ({ path, value }),
    ),
  );
  const [first] = prefixes;
  const found = [
    first === undefined
      ? { key: "queue.prefix", value: "bull", why: "BullMQ's own, since none is set in the code" }
      : { key: "queue.prefix", value: first.value, why: `prefix in ${first.path}` },
    {
      key: "redis.keyPatterns",
      value: "*",
      why: "it may use other keys than its queues'; narrow it once you know them",
    },
  ];
  const uses = dependsOn(app, "bullmq", "ioredis", "redis", "bull", "bee-queue");
  const asks = app.files.some(({ text }) => /REDIS|BULL\w*_URL/.test(text));
  return {
    found,
    open:
      uses !== undefined && !asks
        ? [
            "It reads no variable of Redis: the server's asks for a password. Take REDIS_HOST, REDIS_PORT and REDIS_PASSWORD, or REDIS_URL, from the environment.",
          ]
        : [],
  };
}

/** Whether it wants PostgreSQL; other databases are named, since the server has none. */
export function databaseOf(app: App): { finding?: Finding; open: string[] } {
  const others = dependsOn(app, "mysql2", "mysql", "mongodb", "mongoose", "mssql", "oracledb", "mariadb");
  const open =
    others === undefined
      ? []
      : [
          `It uses ${others}: a server has PostgreSQL (postgres.enabled) and no other database. Name one elsewhere in env.*.`,
        ];
  const client =
    dependsOn(app, "pg", "postgres", "pg-promise") ??
    (/provider\s*=\s*"postgres(ql)?"/.test(app.read("prisma/schema.prisma")) ? "Prisma" : undefined);
  const names = ["DATABASE_URL", "POSTGRES_URL", "PG_URL", "PGHOST", "DB_HOST", "POSTGRES_HOST"];
  const example = EXAMPLES.map((name) => app.read(name)).join("\n");
  const asked =
    client === "Prisma"
      ? "DATABASE_URL"
      : names.find((name) => reads(app, name) || new RegExp(`^[# ]*${name}=`, "m").test(example));
  if (client === undefined || asked === undefined) return { open };
  return { finding: { key: "postgres.enabled", value: "true", why: `${client} and ${asked}` }, open };
}
