// What of the page stands out too little (WCAG 2): text below 4.5, strokes of drawings below 3.
() => {
  const channels = (text) => text.match(/[\d.]+/g).map(Number);
  const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => sum + weight * linear(rgb[i] / 255), 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  const contrast = (element, color) => {
    const [a, b] = [light(channels(color)), light(behind(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const seen = (element) =>
    element.getClientRects().length && !element.closest("script, style, option, .disabled, .dt-column-order");
  const told = (element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.querySelectorAll("main *, header *")]
    .filter((element) => told(element) && seen(element))
    .map((element) => [
      element,
      contrast(element, getComputedStyle(element)[element instanceof SVGElement ? "fill" : "color"]),
      4.5,
    ]);
  const strokes = [...document.querySelectorAll(".mol .l")].map((element) => [
    element,
    contrast(element, getComputedStyle(element).stroke),
    3,
  ]);
  return [...texts, ...strokes]
    .filter(([, found, least]) => found < least)
    .map(([element, found]) => `${element.outerHTML.slice(0, 80)}: ${found.toFixed(2)}`);
};
