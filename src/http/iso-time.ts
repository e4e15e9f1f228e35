import { timestampFromMillis, type Timestamp } from '../model/timestamp.ts';

/**
 * ISO 8601 as the API takes it: a calendar date (compact or dashed, day and month optional), a time after `T` or a
 * space, a fraction after `.` or `,`, an offset of two or four digits. No week or ordinal dates, no `-5:00`.
 */
const DATE = String.raw`(?<year>\d{4})(?:-(?<month>\d{2})(?:-(?<day>\d{2}))?|(?<month2>\d{2})(?<day2>\d{2}))?`;
const CLOCK = String.raw`(?<hour>\d{2})(?::?(?<minute>\d{2})(?::?(?<second>\d{2})(?:[.,](?<fraction>\d+))?)?)?`;
const OFFSET = String.raw`(?<zulu>Z)|(?<sign>[+-])(?<offsetHour>\d{2})(?::?(?<offsetMinute>\d{2}))?`;
const GRAMMAR = new RegExp(`^${DATE}(?:[T ]${CLOCK}(?:${OFFSET})?)?$`);

const MILLIS_PER_MINUTE = 60_000;
const LAST_YEAR = 9999;

/** The moment in UTC, or undefined if the text is no such time. Without offset it is UTC already. */
export function parseIsoTime(text: string): Timestamp | undefined {
  const parts = GRAMMAR.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const at = (name: string, missing: number): number => Number(parts[name] ?? missing);
  const date = { year: at('year', 1), month: at('month', at('month2', 1)), day: at('day', at('day2', 1)) };
  const time = { hour: at('hour', 0), minute: at('minute', 0), second: at('second', 0) };
  const micros = (parts['fraction'] ?? '').slice(0, 6).padEnd(6, '0');
  const local = calendarMillis(date, time);
  if (local === undefined) return undefined;
  const offset = offsetMinutes(parts);
  if (offset === undefined) return undefined;
  return withinYears(
    local + Number(micros.slice(0, 3)) - offset * MILLIS_PER_MINUTE,
    Number(micros.slice(3)),
  );
}

interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** JavaScript rolls 30 February over into March; comparing the parts afterwards refuses it. */
function calendarMillis(date: CalendarDate, time: ClockTime): number | undefined {
  if (date.year < 1 || time.hour > 23 || time.minute > 59 || time.second > 59) return undefined;
  const moment = new Date(0);
  moment.setUTCFullYear(date.year, date.month - 1, date.day);
  moment.setUTCHours(time.hour, time.minute, time.second, 0);
  const same = moment.getUTCMonth() === date.month - 1 && moment.getUTCDate() === date.day;
  return same ? moment.getTime() : undefined;
}

function offsetMinutes(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  if (parts['sign'] === undefined) return 0;
  const hours = Number(parts['offsetHour']);
  const minutes = Number(parts['offsetMinute'] ?? 0);
  if (hours > 23 || minutes > 59) return undefined;
  return (parts['sign'] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function withinYears(millis: number, microseconds: number): Timestamp | undefined {
  const year = new Date(millis).getUTCFullYear();
  return year >= 1 && year <= LAST_YEAR ? timestampFromMillis(millis, microseconds) : undefined;
}

/** As the API shows a time: no zone designator, no fraction when it is zero. */
export function presentTime(time: Timestamp): string {
  return time.endsWith('.000000') ? time.slice(0, 19) : time;
}
