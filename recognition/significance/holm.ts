/**
 * Holm's step-down correction for several tests (Holm 1979, "A simple sequentially rejective multiple test procedure",
 * Scandinavian Journal of Statistics 6): with the p-values in ascending order, p[1] <= ... <= p[m],
 *
 *     adjusted[i] = min(1, max over j <= i of (m - j + 1) p[j]).
 *
 * Rejecting where an adjusted value is at most alpha keeps the probability of any false rejection at most alpha, however
 * the tests depend on each other, and rejects all that Bonferroni's does.
 *
 * @returns adjusted p-values in the order of `p`
 */
export function holm(p: readonly number[]): number[] {
  const adjusted = new Array<number>(p.length);
  let largest = 0;
  p.map((value, i) => ({ value, i }))
    .sort((a, b) => a.value - b.value)
    .forEach(({ value, i }, rank) => {
      largest = Math.max(largest, Math.min(1, (p.length - rank) * value));
      adjusted[i] = largest;
    });
  return adjusted;
}
