/** The text of a doc comment. */
export const commentText = (comment: string): string =>
  comment
    .replace(/^\/\*\*|\*\/$/gu, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/u, ""))
    .join("\n")
    .trim();

/** The doc comments of a reference, where its formulas are, by the function or constant that they describe. */
export const formulasOf = (text: string): { readonly name: string; readonly comment: string }[] =>
  [...text.matchAll(/(\/\*\*(?:[^*]|\*(?!\/))*\*\/)\n(?:export )?(?:const|function) (\w+)/gu)].map(
    ([, comment, name]) => ({ name: name as string, comment: commentText(comment as string) }),
  );
