/** An application as a stack's configuration describes it, in the namespace `queuehost`. */
export interface App {
  readonly plain: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** The command that builds it where the configuration names none, and the folder that it writes. */
  readonly build: string;
  readonly built: string;
}

/** What every deployment of the tests is tried with: our application, and one that shares nothing with it. */
export const APPS = {
  /** No key is needed for it. */
  reference: { plain: {}, secrets: {}, build: "node build.cjs", built: "dist" },
  shop: {
    build: "pnpm build",
    built: "dist",
    plain: {
      "app.name": "corner-shop",
      "app.path": "test/fixtures/shop",
      "app.backend": "pnpm start",
      "app.worker.orders": "pnpm worker:orders",
      "app.worker.thumbnails": "pnpm worker:thumbnails",
      "app.migrate": "pnpm migrate",
      "app.smokeTest": "pnpm smoke",
      "app.health": "/healthz",
      "app.static": "dist/public",
      "app.folders": "uploads, exports",
      "queue.prefix": "bull",
      "redis.keyPatterns": "shop:*",
      "postgres.enabled": "true",
      "env.SHOP_NAME": "Ada's Corner Shop",
      "env.SHOP_URL": "https://shop.example.org",
      "env.SHOP_CURRENCY": "EUR",
      "env.SHOP_VAT_PERCENT": "19",
      "env.SHOP_SUPPORT_EMAIL": "help@example.org",
      "env.JWT_TTL_MINUTES": "60",
      "env.SESSION_COOKIE": "shop_session",
      "env.SMTP_HOST": "smtp.example.org",
      "env.SMTP_PORT": "587",
      "env.SMTP_USER": "shop",
      "env.SMTP_FROM": "Corner Shop <orders@example.org>",
      "env.UPLOAD_MAX_MB": "8",
      "env.THUMBNAIL_WIDTH": "320",
      "env.THUMBNAIL_CONCURRENCY": "2",
      "env.ORDER_CONCURRENCY": "5",
      "env.LOG_LEVEL": "info",
    },
    secrets: {
      "env.JWT_SECRET": "jwt-secret-of-the-tests-and-of-nothing-else",
      "env.SMTP_PASSWORD": "smtp-password-of-the-tests",
      "env.PAYMENT_API_KEY": "payment-key-of-the-tests",
      "env.PAYMENT_WEBHOOK_SECRET": "webhook-secret-of-the-tests",
    },
  },
} as const satisfies Record<string, App>;

export type AppName = keyof typeof APPS;
