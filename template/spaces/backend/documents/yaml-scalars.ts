/**
 * What a plain scalar means: YAML 1.1 exactly as PyYAML resolves it (api-v1.md 2.2), because every file
 * the forerunner wrote must read the same way here. `1e5` is text, `010` is 8, `1:30` is 90, `on` is true.
 */
import { YamlTimestamp, type YamlValue, yamlFloat } from "./yaml-values.ts";

/** A scalar that has the form of a type but no value in it: `2026-13-45`, `0x_`. */
export class ScalarError extends Error {}

const NULL = /^(?:~|null|Null|NULL|)$/;
const BOOL = /^(?:(yes|Yes|YES|true|True|TRUE|on|On|ON)|(?:no|No|NO|false|False|FALSE|off|Off|OFF))$/;
const INT = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/;
const DATETIME =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]*))?(?:[ \t]*(?:(Z)|([-+])([0-9]{1,2})(?::([0-9]{2}))?))?$/;

/** More digits than any measurement has, fewer than a parser chokes on. */
const MAX_INTEGER_DIGITS = 4300;

/** Only these can start anything but text: the check that spares most scalars the patterns. */
const MAY_BE_TYPED = /^(?:[-+.0-9~nNyYtTfFoO=<]|$)/;

/** The value of an unquoted scalar. Throws `ScalarError`. */
export function resolvePlain(text: string): YamlValue {
  if (!MAY_BE_TYPED.test(text)) return text;
  if (NULL.test(text)) return null;
  const bool = BOOL.exec(text);
  if (bool) return bool[1] !== undefined;
  if (INT.test(text)) return integer(text);
  if (FLOAT.test(text)) return float(text);
  if (DATE.test(text) || DATETIME.test(text)) return timestamp(text);
  if (text === "=" || text === "<<") throw new ScalarError(`a bare "${text}" has no meaning here; quote it`);
  return text;
}

/** The value of a scalar with a `!!` tag, by the last part of the tag. Throws `ScalarError`. */
export function resolveTagged(tag: string, text: string): YamlValue {
  switch (tag) {
    case "str":
      return text;
    case "null":
      return null;
    case "bool": {
      const value = /^(?:yes|true|on|no|false|off)$/i.test(text)
        ? /^(?:yes|true|on)$/i.test(text)
        : undefined;
      if (value === undefined) break;
      return value;
    }
    case "int":
      if (!INT.test(text)) break;
      return integer(text);
    case "float": {
      if (FLOAT.test(text)) return float(text);
      const plain = /^[-+]?[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?$/.test(text)
        ? Number(text.replaceAll("_", ""))
        : undefined;
      if (plain === undefined) break;
      return yamlFloat(plain);
    }
    case "timestamp":
      if (!DATE.test(text) && !DATETIME.test(text)) break;
      return timestamp(text);
    default:
      throw new ScalarError(`the tag !!${tag} is not allowed`);
  }
  throw new ScalarError(`"${text.slice(0, 40)}" is not a value of !!${tag}`);
}

function integer(text: string): number | bigint {
  const digits = text.replaceAll("_", "").replace(/^[-+]/, "");
  if (digits.length > MAX_INTEGER_DIGITS) {
    throw new ScalarError(`an integer of more than ${MAX_INTEGER_DIGITS} digits`);
  }
  const magnitude = unsignedInteger(digits);
  const value = text.startsWith("-") ? -magnitude : magnitude;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

function unsignedInteger(digits: string): bigint {
  if (digits === "0b" || digits === "0x") throw new ScalarError(`"${digits}" has no digits`);
  if (digits.includes(":")) {
    return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  }
  if (/^0[0-7]+$/.test(digits)) return BigInt(`0o${digits.slice(1)}`);
  return BigInt(digits);
}

function float(text: string): YamlValue {
  const plain = text.replaceAll("_", "").toLowerCase();
  const negative = plain.startsWith("-");
  const digits = plain.replace(/^[-+]/, "");
  let magnitude: number;
  if (digits === ".inf") magnitude = Number.POSITIVE_INFINITY;
  else if (digits === ".nan") magnitude = Number.NaN;
  else if (digits.includes(":")) {
    magnitude = digits.split(":").reduce((sum, part) => sum * 60 + Number(part === "." ? 0 : part), 0);
  } else magnitude = Number(digits);
  return yamlFloat(negative ? -magnitude : magnitude);
}

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function timestamp(text: string): YamlTimestamp {
  const match = DATE.exec(text) ?? DATETIME.exec(text);
  const [
    ,
    year = "",
    month = "",
    day = "",
    hour,
    minute = "",
    second = "",
    fraction,
    zulu,
    sign,
    zoneHour,
    zoneMinute,
  ] = match ?? [];
  const leap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const days = Number(month) === 2 && leap ? 29 : (DAYS_IN_MONTH[Number(month) - 1] ?? 0);
  const inRange =
    Number(year) >= 1 &&
    Number(day) >= 1 &&
    Number(day) <= days &&
    Number(hour ?? 0) <= 23 &&
    Number(minute) <= 59 &&
    Number(second) <= 59 &&
    Number(zoneHour ?? 0) <= 23 &&
    Number(zoneMinute ?? 0) <= 59;
  if (!inRange) throw new ScalarError(`the date "${text}" does not exist`);

  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  if (hour === undefined) return new YamlTimestamp(date);
  const micros = (fraction ?? "").slice(0, 6).padEnd(6, "0");
  const zone = zulu || isZeroOffset(zoneHour, zoneMinute) ? "Z" : zoneText(sign, zoneHour, zoneMinute);
  const time = `${hour.padStart(2, "0")}:${minute}:${second}${micros === "000000" ? "" : `.${micros}`}`;
  return new YamlTimestamp(`${date}T${time}${zone}`);
}

function isZeroOffset(hour: string | undefined, minute: string | undefined): boolean {
  return hour !== undefined && Number(hour) === 0 && Number(minute ?? 0) === 0;
}

function zoneText(sign: string | undefined, hour: string | undefined, minute: string | undefined): string {
  return hour === undefined ? "" : `${sign}${hour.padStart(2, "0")}:${minute ?? "00"}`;
}
