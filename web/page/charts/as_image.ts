/** For screen readers a chart is one image with a label; a table has its numbers. */
export function asImage(chart: Element): Element {
  chart.setAttribute("role", "img");
  for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  return chart;
}
