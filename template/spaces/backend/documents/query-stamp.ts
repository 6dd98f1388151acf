/** `since` and `until`: text to a filename stamp, as Python 3.11 reads it (api-v1.md section 4, A.2). */
import { ApiError } from "../errors.ts";
import { quoted } from "./naming.ts";
import { filenameStamp } from "./stamp.ts";

const COMPACT = /^([0-9]{8})(?:-([0-9]{6})(?:-([0-9]{3}))?)?$/;
const WEEK_DATE = /^([0-9]{4})-?W([0-9]{2})(?:-?([1-7]))?/;
const CALENDAR_DATE = /^([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})/;
const ZONE = "(?:(Z)|([-+])([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\\.([0-9]+))?)?)?)?";
const EXTENDED_TIME = new RegExp(`^([0-9]{2})(?::([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?${ZONE}$`);
const BASIC_TIME = new RegExp(`^([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]+))?)?)?${ZONE}$`);

const DAY_MS = 86_400_000;

/** The 19-character stamp to compare filenames with. Throws 400 INVALID_QUERY naming the parameter. */
export function queryStamp(text: string, parameter: "since" | "until"): string {
  const trimmed = text.trim();
  const compact = COMPACT.exec(trimmed);
  // No range check: any digits of this form compare as text.
  if (compact) return `${compact[1]}-${compact[2] ?? "000000"}-${compact[3] ?? "000"}`;
  const moment = isoMoment(trimmed);
  if (moment === null) {
    throw new ApiError(
      "INVALID_QUERY",
      `${parameter} ${quoted(text)} is no time: use 2026-06-01, 2026-06-01T10:00:00Z or 20260601-100000.`,
    );
  }
  return filenameStamp(moment);
}

/** True for text that Python 3.11's ISO 8601 parser takes. */
export function isIsoMoment(text: string): boolean {
  return isoMoment(text) !== null;
}

/** Milliseconds since the epoch, UTC; `null` if it is not ISO 8601 or leaves the years 1 to 9999. */
function isoMoment(text: string): number | null {
  const week = WEEK_DATE.exec(text);
  const match = week ?? CALENDAR_DATE.exec(text);
  if (!match) return null;
  const day = week
    ? weekDay(Number(week[1]), Number(week[2]), Number(week[3] ?? 1))
    : calendarDay(Number(match[1]), Number(match[3]), Number(match[4]));
  if (day === null) return null;
  const rest = text.slice(match[0].length);
  // Any one character may stand between date and time.
  const time = rest === "" ? 0 : timeOfDay(rest.slice(1));
  if (time === null) return null;
  const moment = day + time;
  const year = new Date(moment).getUTCFullYear();
  return year >= 1 && year <= 9999 ? moment : null;
}

function calendarDay(year: number, month: number, day: number): number | null {
  if (year < 1) return null;
  const date = utcDate(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : null;
}

function weekDay(year: number, week: number, day: number): number | null {
  if (year < 1 || week < 1 || week > weeksOf(year)) return null;
  return firstMonday(year) + ((week - 1) * 7 + (day - 1)) * DAY_MS;
}

/** Monday of ISO week 1: the week that holds January 4. */
function firstMonday(year: number): number {
  const january4 = utcDate(year, 0, 4);
  return january4.getTime() - ((january4.getUTCDay() + 6) % 7) * DAY_MS;
}

function weeksOf(year: number): number {
  return Math.round((firstMonday(year + 1) - firstMonday(year)) / (7 * DAY_MS));
}

/** `Date.UTC` takes years below 100 for 19xx. */
function utcDate(year: number, monthIndex: number, day: number): Date {
  const date = new Date(0);
  date.setUTCFullYear(year, monthIndex, day);
  return date;
}

function timeOfDay(text: string): number | null {
  const match = EXTENDED_TIME.exec(text) ?? BASIC_TIME.exec(text);
  if (!match) return null;
  const [
    ,
    hour,
    minute = "0",
    second = "0",
    fraction = "0",
    ,
    sign,
    zoneHour,
    zoneMinute = "0",
    zoneSecond = "0",
  ] = match;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(zoneHour ?? 0) > 23 || Number(zoneMinute) > 59 || Number(zoneSecond) > 59) return null;
  const milliseconds = Number(fraction.slice(0, 3).padEnd(3, "0"));
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  const offset = Number(zoneHour ?? 0) * 3600 + Number(zoneMinute) * 60 + Number(zoneSecond);
  return (seconds - (sign === "-" ? -offset : offset)) * 1000 + milliseconds;
}
