/** UTC, fixed width `YYYY-MM-DDTHH:MM:SS.ffffff`, so that text order is time order in every database. */
export type Timestamp = string & { readonly brand: 'Timestamp' };

const MICROSECONDS_PER_MILLISECOND = 1000;
/** Past this drift between the two clocks (an NTP step, a suspended machine) the wall clock wins. */
const MAX_DRIFT_MILLIS = 50;

export function timestampFromMillis(milliseconds: number, microseconds = 0): Timestamp {
  const iso = new Date(milliseconds).toISOString();
  return `${iso.slice(0, 23)}${padded(microseconds)}` as Timestamp;
}

/** The present moment, with microseconds: Node's wall clock has milliseconds, its monotonic clock supplies the rest. */
export function now(): Timestamp {
  const wall = Date.now();
  const fine = performance.timeOrigin + performance.now();
  const millis = Math.abs(fine - wall) > MAX_DRIFT_MILLIS ? wall : fine;
  const whole = Math.floor(millis);
  const micros = Math.floor((millis - whole) * MICROSECONDS_PER_MILLISECOND);
  return `${secondsText(whole)}.${padded(whole % 1000)}${padded(micros)}` as Timestamp;
}

const padded = (thousandths: number): string => String(thousandths).padStart(3, '0');

let latestSecond = -1;
let latestText = '';

/** Written out once a second: a request asks several times. */
function secondsText(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  if (second !== latestSecond) {
    latestText = new Date(milliseconds).toISOString().slice(0, 19);
    latestSecond = second;
  }
  return latestText;
}

/** Milliseconds since the epoch; microseconds are dropped. */
export function toMillis(timestamp: Timestamp): number {
  return Date.parse(`${timestamp.slice(0, 23)}Z`);
}

/** The text as a timestamp of ours, once its shape has been checked elsewhere (a database row). */
export const timestamp = (text: string): Timestamp => text as Timestamp;

export type Clock = () => Timestamp;
