import { join } from "node:path";
import { expect, test } from "vitest";
import { readApp } from "../../../../scripts/init/app";
import { look } from "../../../../scripts/init/findings";
import { PACKAGE } from "../../../../scripts/lib/places";

const SHOP = join(PACKAGE, "test/fixtures/shop");

test("the whole of an application that shares nothing with ours", async () => {
  const { found, open, unset } = look(await readApp(SHOP), "../shop", "correct-horse-battery");
  const shown = found.map(({ key, value, secret }) => [key, secret ? "(secret)" : value]);
  expect(Object.fromEntries(shown)).toEqual({
    "app.path": "../shop",
    "app.name": "corner-shop",
    "app.backend": "pnpm start",
    "app.worker.orders": "pnpm run worker:orders",
    "app.worker.thumbnails": "pnpm run worker:thumbnails",
    "app.migrate": "pnpm run migrate",
    "app.smokeTest": "pnpm run smoke",
    "app.health": "/healthz",
    "app.node": "24",
    "app.folders": "uploads, exports",
    "queue.prefix": "bull",
    "redis.keyPatterns": "*",
    "postgres.enabled": "true",
    "env.JWT_SECRET": "(secret)",
    "env.JWT_TTL_MINUTES": "60",
    "env.LOG_LEVEL": "info",
    "env.ORDER_CONCURRENCY": "5",
    "env.SESSION_COOKIE": "shop_session",
    "env.SHOP_CURRENCY": "EUR",
    "env.SHOP_NAME": "Ada's Corner Shop",
    "env.SHOP_VAT_PERCENT": "19",
    "env.SMTP_PORT": "587",
    "env.SMTP_USER": "shop",
    "env.THUMBNAIL_CONCURRENCY": "2",
    "env.THUMBNAIL_WIDTH": "320",
    "env.UPLOAD_MAX_MB": "8",
  });
  expect(open).toEqual([]);
  expect([...unset].sort()).toEqual([
    "PAYMENT_API_KEY",
    "PAYMENT_WEBHOOK_SECRET",
    "SHOP_SUPPORT_EMAIL",
    "SHOP_URL",
    "SMTP_FROM",
    "SMTP_HOST",
    "SMTP_PASSWORD",
  ]);
});
