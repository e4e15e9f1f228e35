const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

const TEXT = /^(\d{1,9})([smhd])$/;

/** `10s`, `5m`, `1h` or `30d` in seconds; undefined for anything else. */
export function secondsIn(text: string): number | undefined {
  const [, count, unit] = TEXT.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * SECONDS[unit as keyof typeof SECONDS];
}
