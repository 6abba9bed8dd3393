import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./markdown.ts";

/** What each room knows. */
const KNOWS: Readonly<Record<string, string>> = {
  engine: "WebGPU",
  kernels: "operations",
  model: "speech models",
  config: "what a run is",
  data: "audio and text",
  checkpoint: "a model on disk",
  recognition: "a model at work",
  train: "the loop",
  cli: "arguments",
};

const [WIDTH, GAP, BOX, LEFT, BASE] = [104, 20, 54, 10, 190];

/** Files of each room, and how many of their imports lead to each other room. */
function countImports(names: readonly string[]): { files: number; to: Map<string, number> }[] {
  return names.map((room) => {
    const files = readdirSync(join(ROOT, room), { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".ts"));
    const to = new Map<string, number>();
    for (const file of files) {
      const depth = file.split(/[\\/]/u).length;
      const up = "\\.\\./".repeat(depth);
      for (const [, other] of readFileSync(join(ROOT, room, file), "utf8").matchAll(new RegExp(`"${up}(\\w+)/`, "gu")))
        to.set(other as string, (to.get(other as string) ?? 0) + 1);
    }
    return { files: files.length, to };
  });
}

/** An arc for each pair of rooms, as thick as the imports are many, from the room that imports back to the one it imports. */
export async function roomsPicture(): Promise<string> {
  const { ROOMS } = (await import(new URL("../rooms.mjs", import.meta.url).href)) as { ROOMS: readonly string[] };
  const names = ROOMS.filter((room) => !["api", "bench"].includes(room)); // what every room may be imported by
  const centre = (i: number): number => LEFT + i * (WIDTH + GAP) + WIDTH / 2;
  const rooms = countImports(names);
  const arcs = rooms.flatMap(({ to }, from) =>
    names.flatMap((name, target) => {
      const count = to.get(name) ?? 0;
      if (count === 0 || target === from) return [];
      const [a, b] = [centre(from) - 14, centre(target) + 14];
      const height = 30 + 26 * (from - target);
      const path = `M${a} ${BASE} C${a} ${BASE - height} ${b} ${BASE - height} ${b} ${BASE}`;
      return [
        `<path d="${path}" stroke-width="${(0.6 + Math.sqrt(count) / 2.5).toFixed(1)}" marker-end="url(#head)"><title>${names[from]} imports ${name} ${count} times</title></path>`,
      ];
    }),
  );
  const boxes = names.map((name, i) => {
    const x = LEFT + i * (WIDTH + GAP);
    return `<g><rect x="${x}" y="${BASE + 8}" width="${WIDTH}" height="${BOX + 16}" rx="6"/><text x="${centre(i)}" y="${BASE + 30}" class="name">${name}</text><text x="${centre(i)}" y="${BASE + 48}">${KNOWS[name]}</text><text x="${centre(i)}" y="${BASE + 66}">${rooms[i]!.files} files</text></g>`;
  });
  const width = 2 * LEFT + names.length * (WIDTH + GAP) - GAP;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${BASE + BOX + 36}" font-family="system-ui, sans-serif" font-size="10" text-anchor="middle" role="img" aria-label="The rooms in a row; arrows for imports lead to the left only">`,
    "<style>rect{fill:#eef3fb;stroke:#5b7db1}text{fill:#333}.name{font-size:14px;font-weight:600}path{fill:none;stroke:#5b7db1;stroke-opacity:.55}#head path{fill:#5b7db1;stroke:none}</style>",
    `<rect width="${width}" height="${BASE + BOX + 36}" style="fill:#fff;stroke:none"/>`,
    '<defs><marker id="head" viewBox="0 0 6 6" refX="5" refY="3" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L6 3 L0 6 z"/></marker></defs>',
    ...arcs,
    ...boxes,
    "</svg>",
  ].join("\n");
}
