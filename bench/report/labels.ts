/** Text beside a point, in pixels. */
export interface Labelled {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

export interface PlacedLabel<T> {
  readonly item: T;
  readonly dx: number;
  readonly dy: number;
  readonly anchor: "start" | "end" | "middle";
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

const [LETTER, LINE, GAP, DOT] = [5.8, 12, 7, 5];

/** Possible places of a label, the best first. */
const PLACES = [
  { dx: GAP, dy: 0, anchor: "start" },
  { dx: -GAP, dy: 0, anchor: "end" },
  { dx: 0, dy: -11, anchor: "middle" },
  { dx: 0, dy: 12, anchor: "middle" },
  { dx: GAP, dy: -9, anchor: "start" },
  { dx: GAP, dy: 9, anchor: "start" },
  { dx: -GAP, dy: -9, anchor: "end" },
  { dx: -GAP, dy: 9, anchor: "end" },
] as const;

/**
 * Places labels greedily so that none covers a dot, another label or the edge. A label without a free place is left out,
 * and so is a second one with the same text nearby: a chart with fewer words is easier to read.
 */
export function placeLabels<T extends Labelled>(
  items: readonly T[],
  { width, height, avoid }: { width: number; height: number; avoid: readonly { x: number; y: number }[] },
): PlacedLabel<T>[] {
  const taken: Box[] = avoid.map(({ x, y }) => ({ left: x - DOT, right: x + DOT, top: y - DOT, bottom: y + DOT }));
  const placed: PlacedLabel<T>[] = [];
  for (const item of items) {
    if (
      placed.some(({ item: other }) => other.text === item.text && Math.hypot(other.x - item.x, other.y - item.y) < 60)
    )
      continue;
    const found = PLACES.map((place) => ({ place, box: boxOf(item, place) })).find(
      ({ box }) =>
        box.left >= 0 &&
        box.right <= width &&
        box.top >= 0 &&
        box.bottom <= height &&
        !taken.some((other) => overlap(box, other)),
    );
    if (!found) continue;
    taken.push(found.box);
    placed.push({ item, ...found.place });
  }
  return placed;
}

function boxOf({ x, y, text }: Labelled, { dx, dy, anchor }: (typeof PLACES)[number]): Box {
  const size = text.length * LETTER;
  const left = x + dx - (anchor === "start" ? 0 : anchor === "end" ? size : size / 2);
  return { left, right: left + size, top: y + dy - LINE / 2, bottom: y + dy + LINE / 2 };
}

const overlap = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
