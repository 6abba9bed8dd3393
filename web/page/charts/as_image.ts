/** For screen readers the whole is one image with a label; the table has its numbers. */
export function asImage(chart: Element): Element {
  chart.setAttribute("role", "img");
  for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return chart;
}
