// `npm run docs:pictures` draws docs/pictures: the rooms from the imports, and the tutorial's pictures from the values of
// its own program.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./markdown.ts";
import { roomsPicture } from "./rooms_picture.ts";
import { tutorialPictures } from "./tutorial_pictures.ts";

const folder = join(ROOT, "docs/pictures");
mkdirSync(folder, { recursive: true });
const tutorial = readFileSync(join(ROOT, "docs/guide/tutorial.md"), "utf8");
const pictures = { rooms: await roomsPicture(), ...(await tutorialPictures(tutorial)) };
for (const [name, svg] of Object.entries(pictures)) writeFileSync(join(folder, `${name}.svg`), `${svg}\n`);
