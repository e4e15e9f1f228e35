/** UTC, fixed width `YYYY-MM-DDTHH:MM:SS.ffffff`, so that text order is time order in every database. */
export type Timestamp = string & { readonly brand: 'Timestamp' };

const MICROSECONDS_PER_MILLISECOND = 1000n;
const NANOSECONDS_PER_MICROSECOND = 1000n;

/** Node's clock has milliseconds; the API shows microseconds. The monotonic clock supplies the rest. */
const epochAtStartMicros = BigInt(Date.now()) * MICROSECONDS_PER_MILLISECOND;
const monotonicAtStart = process.hrtime.bigint();
/** Past this drift between the two clocks (an NTP step, a suspended machine) the wall clock wins. */
const MAX_DRIFT_MICROS = 50_000n;

export function timestampFromMillis(milliseconds: number, microseconds = 0): Timestamp {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(0, 23)}${String(microseconds).padStart(3, '0')}` as Timestamp;
}

/** The present moment, with microseconds. */
export function now(): Timestamp {
  const wall = BigInt(Date.now()) * MICROSECONDS_PER_MILLISECOND;
  const fine =
    epochAtStartMicros + (process.hrtime.bigint() - monotonicAtStart) / NANOSECONDS_PER_MICROSECOND;
  const drift = fine > wall ? fine - wall : wall - fine;
  const micros = drift > MAX_DRIFT_MICROS ? wall : fine;
  return timestampFromMillis(
    Number(micros / MICROSECONDS_PER_MILLISECOND),
    Number(micros % MICROSECONDS_PER_MILLISECOND),
  );
}

/** Milliseconds since the epoch; microseconds are dropped. */
export function toMillis(timestamp: Timestamp): number {
  return Date.parse(`${timestamp.slice(0, 23)}Z`);
}

/** The text as a timestamp of ours, once its shape has been checked elsewhere (a database row). */
export const timestamp = (text: string): Timestamp => text as Timestamp;

export type Clock = () => Timestamp;
