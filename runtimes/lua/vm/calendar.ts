// What Lua's `os.date` and `os.time` ask of the system: a C `struct tm` <-> a moment, and `strftime`, in the C locale.
// The time zone is the process's own. `tm` is nine ints and the offset from UTC in seconds, as on a 32-bit machine.

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

/** strftime conversions that stand for others (C17 7.27.3.5, "C" locale). */
const compound: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  r: '%I:%M:%S %p',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export function writeLocal(seconds: bigint, tm: Int32Array): void {
  const date = new Date(Number(seconds) * 1_000);
  const startOfYear = Date.UTC(date.getFullYear(), 0, 1);
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  tm.set([
    date.getSeconds(),
    date.getMinutes(),
    date.getHours(),
    date.getDate(),
    date.getMonth(),
    date.getFullYear() - 1900,
    date.getDay(),
    Math.round((today - startOfYear) / dayMs),
    isSummerTime(date) ? 1 : 0,
    -date.getTimezoneOffset() * 60,
  ]);
}

export function writeUtc(seconds: bigint, tm: Int32Array): void {
  const date = new Date(Number(seconds) * 1_000);
  tm.set([
    date.getUTCSeconds(),
    date.getUTCMinutes(),
    date.getUTCHours(),
    date.getUTCDate(),
    date.getUTCMonth(),
    date.getUTCFullYear() - 1900,
    date.getUTCDay(),
    Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / dayMs),
    0,
    0,
  ]);
}

/** mktime: seconds of the local time in `tm`, whose fields may be out of range and are put in order; -1 where there is none. */
export function secondsOfLocal(tm: Int32Array): bigint {
  const { second, minute, hour, monthDay, month, year, dst } = read(tm);
  const date = new Date(year, month, monthDay, hour, minute, second);
  // Two-digit years are years here, not 19xx.
  if (year >= 0 && year < 100) date.setFullYear(year);
  // As C has it: tm_isdst says by which of the two clocks the fields are meant; negative is whichever is in force then.
  if (dst > 0 && !isSummerTime(date) && observesSummerTime(date)) date.setTime(date.getTime() - hourMs);
  if (dst === 0 && isSummerTime(date)) date.setTime(date.getTime() + hourMs);
  const ms = date.getTime();
  if (Number.isNaN(ms)) return -1n;
  const seconds = BigInt(Math.floor(ms / 1_000));
  writeLocal(seconds, tm);
  return seconds;
}

/** The text of `format` for the moment in `tm`. A conversion that C does not have stays as it is: Lua refuses it earlier. */
export function formatTime(format: string, tm: Int32Array): string {
  return format.replace(/%[EO]?([A-Za-z%])/g, (all, letter: string) => {
    const long = compound[letter];
    return long === undefined ? (conversions[letter]?.(read(tm)) ?? all) : formatTime(long, tm);
  });
}

/** One conversion each (C17 7.27.3.5). */
const conversions: Readonly<Record<string, (time: Time) => string>> = {
  a: ({ weekDay }) => days[weekDay]?.slice(0, 3) ?? '?',
  A: ({ weekDay }) => days[weekDay] ?? '?',
  b: ({ month }) => months[month]?.slice(0, 3) ?? '?',
  B: ({ month }) => months[month] ?? '?',
  C: ({ year }) => padded(Math.floor(year / 100), 2),
  d: ({ monthDay }) => padded(monthDay, 2),
  e: ({ monthDay }) => String(monthDay).padStart(2),
  g: (time) => padded(isoWeek(time).year % 100, 2),
  G: (time) => String(isoWeek(time).year),
  h: ({ month }) => months[month]?.slice(0, 3) ?? '?',
  H: ({ hour }) => padded(hour, 2),
  I: ({ hour }) => padded(hour % 12 || 12, 2),
  j: ({ yearDay }) => padded(yearDay + 1, 3),
  m: ({ month }) => padded(month + 1, 2),
  M: ({ minute }) => padded(minute, 2),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  S: ({ second }) => padded(second, 2),
  u: (time) => String(mondayBased(time) + 1),
  U: ({ yearDay, weekDay }) => padded(Math.floor((yearDay + 7 - weekDay) / 7), 2),
  V: (time) => padded(isoWeek(time).week, 2),
  w: ({ weekDay }) => String(weekDay),
  W: (time) => padded(Math.floor((time.yearDay + 7 - mondayBased(time)) / 7), 2),
  y: ({ year }) => padded(((year % 100) + 100) % 100, 2),
  Y: ({ year }) => String(year),
  z: ({ offset }) => offsetText(offset),
  Z: ({ offset }) => (offset === 0 ? 'GMT' : `GMT${offsetText(offset)}`),
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

/** A struct tm with the year as people count it. */
interface Time {
  readonly second: number;
  readonly minute: number;
  readonly hour: number;
  readonly monthDay: number;
  readonly month: number;
  readonly year: number;
  readonly weekDay: number;
  readonly yearDay: number;
  /** Positive: summer time; 0: not; negative: unknown. */
  readonly dst: number;
  readonly offset: number;
}

function read(tm: Int32Array): Time {
  const [second = 0, minute = 0, hour = 0, monthDay = 0, month = 0, year = 0, weekDay = 0] = tm;
  const [yearDay = 0, dst = 0, offset = 0] = tm.subarray(7);
  return { second, minute, hour, monthDay, month, year: year + 1900, weekDay, yearDay, dst, offset };
}

function mondayBased({ weekDay }: Time): number {
  return (weekDay + 6) % 7;
}

/** ISO 8601: the week belongs to the year in which its Thursday lies. */
function isoWeek(time: Time): { readonly year: number; readonly week: number } {
  const thursday = new Date(Date.UTC(time.year, 0, 1 + time.yearDay - mondayBased(time) + 3));
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  return {
    year: thursday.getUTCFullYear(),
    week: Math.floor((thursday.getTime() - first) / (7 * dayMs)) + 1,
  };
}

function offsetText(seconds: number): string {
  const minutes = Math.abs(seconds) / 60;
  return `${seconds < 0 ? '-' : '+'}${padded(Math.floor(minutes / 60), 2)}${padded(minutes % 60, 2)}`;
}

/** The larger of a year's two offsets from UTC is the one of winter. */
function isSummerTime(date: Date): boolean {
  return date.getTimezoneOffset() < winterOffset(date);
}

function observesSummerTime(date: Date): boolean {
  const [january, july] = halfYears(date);
  return january !== july;
}

function winterOffset(date: Date): number {
  return Math.max(...halfYears(date));
}

function halfYears(date: Date): readonly [number, number] {
  const year = date.getFullYear();
  return [new Date(year, 0, 1).getTimezoneOffset(), new Date(year, 6, 1).getTimezoneOffset()];
}

function padded(value: number, width: number): string {
  return String(value).padStart(width, '0');
}
