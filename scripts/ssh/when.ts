import { UserError } from "../lib/errors";

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/** Seconds of a duration such as 90s, 30m, 12h or 2d; undefined for anything else. */
export function seconds(text: string): number | undefined {
  const [, number = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return unit === "" ? undefined : Number(number) * UNITS[unit as keyof typeof UNITS];
}

/**
 * A moment: so long ago, or a time that JavaScript reads, in this machine's time zone where it names none.
 *
 * @returns seconds since 1970
 * @throws UserError for anything else
 */
export function moment(option: string, text: string, now = Date.now()): number {
  const ago = seconds(text);
  const at = ago === undefined ? Date.parse(text) : now - ago * 1000;
  if (Number.isNaN(at))
    throw new UserError(`${option}: should be 90s, 30m, 2h, 3d or a time such as "2026-11-22 08:00", got ${text}`);
  return Math.floor(at / 1000);
}
