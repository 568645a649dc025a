const MINUTE_MS = 60_000;

/** How long before a booking its customer is reminded. */
export const LEAD_TIMES = ["24h", "1h", "15min"] as const;
export type LeadTime = (typeof LEAD_TIMES)[number];

export const LEAD_MS: Readonly<Record<LeadTime, number>> = {
  "24h": 24 * 60 * MINUTE_MS,
  "1h": 60 * MINUTE_MS,
  "15min": 15 * MINUTE_MS,
};
