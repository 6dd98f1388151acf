import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseDocument,
  readDocument,
  splitFrontmatter,
} from "../../../template/spaces/backend/documents/frontmatter.ts";
import { serialiseDocument } from "../../../template/spaces/backend/documents/serialise.ts";
import { parseYaml } from "../../../template/spaces/backend/documents/yaml-parse.ts";
import { parseSimpleYaml } from "../../../template/spaces/backend/documents/yaml-simple.ts";
import {
  mappingOf,
  mappingToJson,
  pythonText,
  YamlFloat,
  type YamlMapping,
  type YamlValue,
} from "../../../template/spaces/backend/documents/yaml-values.ts";

const parsed = (text: string) => {
  const { frontmatter, body } = parseDocument(text);
  return [mappingToJson(frontmatter), body];
};

describe("splitting a file (api-v1.md A.1)", () => {
  test.each<[string, object, string]>([
    ["---\na: 1\n---\nbody", { a: 1 }, "body"],
    ["---\na: 1\n---", { a: 1 }, ""],
    ["---\na: 1\n---\n\nbody\n", { a: 1 }, "\nbody\n"],
    ["---a: 1\n---\nbody", { a: 1 }, "body"],
    ["--- \na: 1\n---\nbody", { a: 1 }, "body"],
    ["---\n\n\na: 1\n---\nbody", { a: 1 }, "body"],
    ["---\r\na: 1\r\n---\r\nbody", { a: 1 }, "\r\nbody"],
    ["---\na: 1\n----\nbody", { a: 1 }, "-\nbody"],
    ["---\na: 1\n---foo\nbody", { a: 1 }, "foo\nbody"],
    ["---\na: 1\n...\n---\nb", { a: 1 }, "b"],
    ["---\na: 1\n---\n---\nb: 2\n---\nc", { a: 1 }, "---\nb: 2\n---\nc"],
    ["---\n# c\n---\nb", {}, "b"],
    ["---\nnull\n---\nb", {}, "b"],
    ['---\n{"a": 1}\n---\nb', { a: 1 }, "b"],
    ["---\na: 1\na: 2\n---\nb", { a: 2 }, "b"],
  ])("%j", (text, frontmatter, body) => {
    expect(parsed(text)).toEqual([frontmatter, body]);
  });

  test.each([
    "\n---\na: 1\n---\nb",
    "\ufeff---\na: 1\n---\nb",
    "---\na: 1\nb",
    "---\n---\nbody",
    "---\n\n---\nbody",
    "",
    "plain text",
  ])("%j has no frontmatter", (text) => {
    expect(parsed(text)).toEqual([{}, text]);
    expect(splitFrontmatter(text).yaml).toBeNull();
  });

  test.each([
    "----\na: 1\n---\nbody",
    "---\n- 1\n---\nb",
    "---\nfoo\n---\nb",
    "---\na: [1\n---\nb",
    "---\na:\n\tb: 1\n---\nb",
    "---\na: !!python/object/apply:os.system ['id']\n---\nb",
    "---\na: !foo x\n---\nb",
  ])("%j is refused", (text) => {
    expect(() => parseDocument(text)).toThrow(expect.objectContaining({ code: "INVALID_FRONTMATTER" }));
  });
});

/** Values as Python prints them, measured with PyYAML 6.0. */
const SCALARS: [string, string][] = [
  ["1", "1"],
  ["+5", "5"],
  ["1_000", "1000"],
  ["0x10", "16"],
  ["010", "8"],
  ["0b101", "5"],
  ["1:30", "90"],
  ["-1:30", "-90"],
  ["190:20:30", "685230"],
  ["08", "08"],
  ["1.5", "1.5"],
  [".5", "0.5"],
  ["5.", "5.0"],
  ["1.5e+3", "1500.0"],
  ["1.0e-9", "1e-09"],
  ["1.e+5", "100000.0"],
  ["190:20:30.15", "685230.15"],
  ["1e5", "1e5"],
  ["1e-9", "1e-9"],
  ["1.5e3", "1.5e3"],
  ["0o17", "0o17"],
  ["1,5", "1,5"],
  ["5%", "5%"],
  [".inf", "inf"],
  ["-.inf", "-inf"],
  [".nan", "nan"],
  ["yes", "True"],
  ["No", "False"],
  ["ON", "True"],
  ["off", "False"],
  ["TRUE", "True"],
  ["y", "y"],
  ["n", "n"],
  ["~", "None"],
  ["null", "None"],
  ["", "None"],
  ["NULL", "None"],
  ["2026-01-01", "2026-01-01"],
  ["2026-01-01T10:00:00Z", "2026-01-01 10:00:00+00:00"],
  ["2026-01-01 10:00:00", "2026-01-01 10:00:00"],
  ["2026-06-01 10:00 UTC", "2026-06-01 10:00 UTC"],
  ["!!binary aGVsbG8=", "hello"],
  ["!!set {a, b}", "['a', 'b']"],
  ["!!omap [a: 1, b: 2]", "[['a', 1], ['b', 2]]"],
  ["!!str 5", "5"],
  ['!!int "5"', "5"],
  ["!!float 5", "5.0"],
  ["'5'", "5"],
  ["a\n  b", "a b"],
  ["|\n  x\n  y", "x\ny"],
];

describe("YAML 1.1 as PyYAML resolves it (api-v1.md 2.2)", () => {
  test.each(SCALARS)("%j is %s", (yaml, text) => {
    const value = parseYaml(`k: ${yaml}`, { strict: true });
    expect(pythonText((value as YamlMapping).get("k") ?? null)).toBe(text);
  });

  test("numbers that JSON cannot say, and dates, are JSON-safe", () => {
    const { frontmatter } = parseDocument(
      "---\na: .inf\nb: .nan\nc: 2026-01-01T10:00:00.5+02:00\nd: 2026-01-01\ne: 5.0\nf: 2026-01-01 10:00:00\n---\n",
    );
    expect(mappingToJson(frontmatter)).toEqual({
      a: null,
      b: null,
      c: "2026-01-01T10:00:00.500000+02:00",
      d: "2026-01-01",
      e: 5,
      f: "2026-01-01T10:00:00",
    });
  });

  test("anchors, aliases and merges work; own keys win over merged ones, the first merge over the second", () => {
    const yaml = "x: &x {a: 1, b: 1}\ny: &y {b: 2, c: 2}\nz:\n  c: 3\n  <<: [*x, *y]\nw: *x";
    const { frontmatter } = parseDocument(`---\n${yaml}\n---\n`);
    expect(mappingToJson(frontmatter)).toMatchObject({ z: { a: 1, b: 1, c: 3 }, w: { a: 1, b: 1 } });
  });
});

describe("what could poison a reader", () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x, x, x]\n${"bcdefg"
    .split("")
    .map((name, i) => `${name}: &${name} [${Array(10).fill(`*${"abcdef"[i]}`).join(", ")}]`)
    .join("\n")}`;
  const poison: [string, string][] = [
    ["a number as a key", "1: x"],
    ["a boolean as a key", "on: x"],
    ["a list as a key", "[a, b]: x"],
    ["an anchor that contains itself", "x: &x [*x]"],
    ["a mapping that contains itself", "x: &x {y: *x}"],
    ["bytes that are not UTF-8", "x: !!binary /w=="],
    ["base64 that is none", "x: !!binary '@'"],
    ["a month 13", "x: 2026-13-45"],
    ["an hour 25", "x: 2026-01-01 25:00:00"],
    ["an integer of 5000 digits", `x: ${"9".repeat(5000)}`],
    ["aliases that expand to millions", bomb],
    ["an alias to nothing", "x: *y"],
    ["deep nesting", `x: ${"[".repeat(200)}${"]".repeat(200)}`],
    ["very deep nesting", `x: ${"[".repeat(30_000)}`],
    ["too much text", `x: ${"y".repeat(70_000)}`],
    ["too many values", Array.from({ length: 11_000 }, (_, i) => `- ${i}`).join("\n")],
    ["a bare =", "x: ="],
    ["a bare <<", "x: <<"],
  ];
  test.each(poison)("%s is refused on a POST and harmless in a file", (_name, yaml) => {
    const text = `---\n${yaml}\n---\nbody`;
    expect(() => parseDocument(text)).toThrow(expect.objectContaining({ code: "INVALID_FRONTMATTER" }));
    const read = readDocument(text);
    expect(JSON.stringify(read.frontmatter).length).toBeLessThan(text.length + 100);
    expect(read.malformed ? read.body : "body").toBe(read.malformed ? text : "body");
  });

  test("a file that only has an odd key stays readable, with the key as text", () => {
    const read = readDocument("---\n1: x\non: y\nscore: 3\n---\n\nbody\n");
    expect(read).toMatchObject({
      malformed: false,
      frontmatter: { "1": "x", True: "y", score: 3 },
      body: "body",
    });
  });

  test("keys that mean something to JavaScript are plain keys", () => {
    const { frontmatter } = readDocument("---\n__proto__: {polluted: true}\nconstructor: x\n---\n");
    expect(Object.keys(frontmatter)).toEqual(["__proto__", "constructor"]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("writing (api-v1.md 2.3)", () => {
  test.each<[YamlMapping, string, string]>([
    [new Map(), "", "---\n{}\n---\n"],
    [mappingOf({ a: 1 }), "x", "---\na: 1\n---\n\nx\n"],
    [mappingOf({ a: 1 }), "\nx", "---\na: 1\n---\n\nx\n"],
    [mappingOf({ a: 1 }), "x\n", "---\na: 1\n---\n\nx\n"],
    [mappingOf({ a: 1 }), "\n", "---\na: 1\n---\n\n"],
    [mappingOf({ a: 1 }), "x\n\n", "---\na: 1\n---\n\nx\n\n"],
  ])("%j with body %j", (frontmatter, body, text) => {
    expect(serialiseDocument(frontmatter, body)).toBe(text);
  });

  test("lists stand at the indentation of their key and look-alikes are quoted", () => {
    const frontmatter = mappingOf({
      refs: ["a.md", "b.md"],
      a: "yes",
      b: "123",
      c: "2026-01-01",
      d: null,
      e: "über",
      f: 1.5,
      g: new YamlFloat(1e20),
      h: "it's: so",
    });
    expect(serialiseDocument(frontmatter, "")).toBe(
      "---\nrefs:\n- a.md\n- b.md\na: 'yes'\nb: '123'\nc: '2026-01-01'\nd: null\ne: über\nf: 1.5\ng: 1.0e+20\nh: 'it''s: so'\n---\n",
    );
  });

  const text = fc
    .oneof(
      fc.string({ unit: "binary" }),
      fc.string({ unit: "grapheme" }),
      fc.string(),
      fc.constantFrom(...SCALARS.map(([yaml]) => yaml)),
      fc.constantFrom(
        "a: b",
        "- a",
        "a #b",
        "---",
        "...",
        "-",
        "?",
        "'",
        '"',
        "a\nb",
        "  x ",
        "x\u0085y",
        "[a]",
        "@me",
        "%d",
        "!e",
        "&f",
        "*g",
      ),
    )
    .map((value) => value.toWellFormed());
  const value = fc.letrec<{ value: YamlValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc
        .double()
        .map((number) =>
          Number.isInteger(number) || !Number.isFinite(number) ? new YamlFloat(number) : number,
        ),
      fc.bigInt().filter((number) => !Number.isSafeInteger(Number(number))),
      text,
      fc.array(tie("value"), { maxLength: 4 }),
      fc.array(fc.tuple(text, tie("value")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    ),
  })).value;
  const mapping = fc
    .array(fc.tuple(text, value), { maxLength: 5 })
    .map((pairs): YamlMapping => new Map(pairs));

  test("whatever is written reads back to the same values and the same body", () => {
    fc.assert(
      fc.property(mapping, text, (frontmatter, body) => {
        const file = serialiseDocument(frontmatter, body);
        const back = parseDocument(file);
        expect(pythonText(back.frontmatter)).toBe(pythonText(frontmatter));
        expect(readDocument(file).body).toBe(body.replace(/^\n/, "").replace(/\n$/, ""));
      }),
      { numRuns: 500 },
    );
  });

  test("writing is stable: what was read is written the same way again", () => {
    fc.assert(
      fc.property(mapping, text, (frontmatter, body) => {
        const file = serialiseDocument(frontmatter, body);
        const back = parseDocument(file);
        expect(serialiseDocument(back.frontmatter, back.body)).toBe(file);
      }),
      { numRuns: 300 },
    );
  });

  test("the short way of reading agrees with the parser wherever it answers", () => {
    const line = fc.tuple(
      fc.constantFrom("a", "bc", "k_1", "on", "null"),
      fc.oneof(
        fc.constantFrom(...SCALARS.map(([yaml]) => yaml)),
        fc.stringMatching(/^[a-z0-9 .:,+_#'"[\]{}&*!|>%@`~=<\n/-]{0,12}$/),
      ),
    );
    let answered = 0;
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
        const yaml = lines.map(([key, scalar]) => `${key}: ${scalar}`).join("\n");
        const simple = parseSimpleYaml(yaml);
        if (simple === null) return;
        answered += 1;
        expect(pythonText(simple)).toBe(pythonText(parseYaml(yaml, { strict: true })));
      }),
      { numRuns: 2000 },
    );
    expect(answered).toBeGreaterThan(100);
  });
});

test("reading never throws, whatever the bytes say", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[-a-z:&*!{}[\]\n '"|>#0-9.]{0,60}$/)), (yaml) => {
      const read = readDocument(`---\n${yaml}\n---\nbody`);
      JSON.stringify(read.frontmatter);
    }),
    { numRuns: 2000 },
  );
});
