import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute or more, mostly compiling shaders on one core. Started last, one of them would run alone at the end. */
const LONG = [
  "kernels/operations/attention",
  "kernels/operations/convolutions",
  "kernels/operations/products",
  "kernels/races",
  "kernels/operations/others",
];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((path) => moduleId.includes(`test/${path}`));
      return place < 0 ? LONG.length : place;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

// A software driver computes on every core, but half the test time goes to single-core work: compiling shaders and float64
// references. Two files at a time keep two cores busy; more would need more memory than small machines have.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/browser/**", "test/web/page/**"], // `npm run test:browser`, `npm run test:web`
    pool: "forks",
    isolate: false,
    poolOptions: { forks: { maxForks: Math.min(2, availableParallelism()), minForks: 1 } },
    sequence: { sequencer: LongFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
