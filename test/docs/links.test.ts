import { describe, expect, it } from "vitest";
import { generatedPages } from "../../scripts/docs/generated.ts";
import { brokenLinks, targets } from "../../scripts/docs/links.ts";
import { anchors } from "../../scripts/docs/markdown.ts";

describe("the documents' links", () => {
  it("lead to files and headings that exist, from generated pages too", async () => {
    expect(brokenLinks(await generatedPages())).toEqual([]);
  });

  it("are missed neither in pictures nor in tables, and not seen in code", () => {
    const page =
      '[a](b.md#c) | ![d](e.svg) |\n`[f](g)`\n```md\n[h](i)\n```\n[j](https://k.org) <img src="l.png"> [`m`](n.ts)';
    expect(targets(page)).toEqual(["b.md#c", "e.svg", "n.ts", "l.png"]);
  });

  it("that lead nowhere are named with their page", () => {
    const page = "# A b\n\n[x](#a-b) [x](#a_b) [x](no_such.md) [x](commands.md#nothing) [x](../../../../x.md)";
    expect(
      brokenLinks({
        "docs/reference/generated/page.md": page,
        "docs/reference/generated/commands.md": "# Commands",
      }).filter((line) => line.startsWith("docs/reference/generated/page.md")),
    ).toEqual([
      "docs/reference/generated/page.md: #a_b has no such heading",
      "docs/reference/generated/page.md: no_such.md does not exist",
      "docs/reference/generated/page.md: commands.md#nothing has no such heading",
      "docs/reference/generated/page.md: ../../../../x.md leaves the repository",
    ]);
  });

  it("to headings are spelled as GitHub spells them", () => {
    const page = "# How near it is: `x_y` & [z](w)!\n\n## Twice\n\n## Twice\n\n```sh\n# no heading\n```\n";
    expect([...anchors(page)]).toEqual(["how-near-it-is-x_y--z", "twice", "twice-1"]);
  });
});
