import { z } from "zod";

/** Fields that several payloads have. */
export const businessId = z.int().min(1).max(2_147_483_647);
export const email = z.email().max(254);
export const shortText = z.string().min(1).max(200);
/** International form. */
export const phone = z.string().regex(/^\+[1-9]\d{6,14}$/, "should be a number such as +491701234567");
/** An id of the application's own, which becomes part of job ids. */
export const ownId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "should be 1 to 64 letters, digits, `_` and `-`");
export const sku = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, "should be 1 to 64 letters, digits, `.`, `_` and `-`");
export const days = (fallback: number) => z.int().min(0).max(3650).default(fallback);
export const templateData = z.record(z.string().max(64), z.union([z.string().max(10_000), z.number(), z.boolean()]));

export const DAY_MS = 24 * 60 * 60 * 1000;
