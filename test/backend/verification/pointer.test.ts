/** What a result may point at: its owner's own things, and nothing else (api-v1.md 8.5). */
import { describe, expect, test } from "vitest";
import { resourceNames } from "../../../template/schema/collab.ts";
import { ownPlace, pointersIn } from "../../../template/spaces/backend/verification/pointer.ts";
import { testCollab } from "../../support/backend.ts";

const collab = testCollab();
const at = { collab, names: resourceNames(collab) };
const SCRATCH = "demo/gemma-ada";
const CENTRAL = "demo/gemma-main-bucket";

describe("a pointer of ada's", () => {
  test.each([
    ["submissions/v1", SCRATCH, "submissions/v1"],
    [" `submissions/v1/` ", SCRATCH, "submissions/v1"],
    ["/submissions/v1", SCRATCH, "submissions/v1"],
    ["hf://buckets/demo/gemma-ada/submissions/v1", SCRATCH, "submissions/v1"],
    ["artifacts/kernels_ada", CENTRAL, "artifacts/kernels_ada"],
    ["artifacts/kernels_ada/v2/", CENTRAL, "artifacts/kernels_ada/v2"],
    ["hf://buckets/demo/gemma-main-bucket/artifacts/kernels_ada", CENTRAL, "artifacts/kernels_ada"],
  ])("%j is %s/%s", (pointer, bucket, prefix) => {
    expect(ownPlace(pointer, "ada", at)).toEqual({ bucket, prefix });
  });

  test.each([
    ["the scratch bucket of another", "hf://buckets/demo/gemma-bob/submissions/v1"],
    ["one that only begins like hers", "hf://buckets/demo/gemma-ada-2/submissions/v1"],
    ["the audit bucket", "hf://buckets/demo-admin/gemma-audit/eval_dataset"],
    ["another organisation", "hf://buckets/evil/gemma-ada/submissions/v1"],
    ["an artifact set of another", "artifacts/kernels_bob"],
    ["a set whose owner's name ends like hers", "artifacts/kernels_xada"],
    ["a set with two underscores", "artifacts/kernels_ada_bob"],
    ["a frozen submission, which may be anybody's", "hf://buckets/demo/gemma-main-bucket/submissions/c0ffee"],
    ["the harness", "hf://buckets/demo/gemma-main-bucket/harness"],
    ["her whole bucket", "hf://buckets/demo/gemma-ada/"],
    ["a model", "hf://models/x/y"],
    ["an address", "https://example.org/x"],
    ["a way out", "submissions/../../gemma-bob"],
    ["a hidden folder", "submissions/.git"],
    ["nothing", "  "],
  ])("%s is not hers", (_name, pointer) => {
    expect(ownPlace(pointer, "ada", at)).toBeNull();
  });
});

test("artifacts come before submission, text or lists, each once", () => {
  expect(pointersIn({ submission: ["b", "a", 3], artifacts: "a" })).toEqual(["a", "b"]);
  expect(pointersIn({ artifacts: null })).toEqual([]);
});
