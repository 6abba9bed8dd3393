/** The page's colours as the canvas needs them; they differ in dark and light. */
export interface Colours {
  readonly ink: string;
  readonly soft: string;
  readonly line: string;
  readonly accent: string;
  readonly raised: string;
}

/** Of an element, whose colour scheme decides. `light-dark()` is resolved by the browser, so each colour is asked of a property. */
export function coloursOf(element: HTMLElement): Colours {
  const probe = element.appendChild(document.createElement("span"));
  const resolve = (name: string): string => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const [ink, soft, line, accent, raised] = ["ink", "soft", "line", "accent", "raised"].map(resolve) as [
    string,
    string,
    string,
    string,
    string,
  ];
  probe.remove();
  return { ink, soft, line, accent, raised };
}

const BLOCKS = ["#1d5a9e", "#a04a12", "#23703b", "#7a3b93", "#8a6100", "#0b6e75", "#9c2f4f", "#4d5a68"];

/** Of a physical block; white text is readable on each. */
export const blockColour = (block: number): string => BLOCKS[block % BLOCKS.length] as string;

/** The letter of a physical block: A, B, ... Z, then numbers. */
export const blockName = (block: number): string => (block < 26 ? String.fromCharCode(65 + block) : String(block + 1));
