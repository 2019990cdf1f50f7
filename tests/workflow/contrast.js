// The least contrast (WCAG 2) of text on the page, of the matrix's cells, and of drawn bonds.
() => {
  const rgb = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
  const light = (color) => {
    const [r, g, b] = rgb(color).map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const paper = getComputedStyle(document.body).backgroundColor;
  const ink = (selector) => [...document.querySelectorAll(selector)].map((each) => getComputedStyle(each).color);
  const text = ["p", "dt", "figcaption", "a:not(.matrix a, .skip)", ".dt-info", "th"].flatMap(ink).map((c) => contrast(c, paper));
  const cells = [...document.querySelectorAll(".matrix td a")].map((a) => [a, getComputedStyle(a.parentElement).backgroundColor])
    .filter(([, back]) => !back.startsWith("rgba(0, 0, 0, 0")).map(([a, back]) => contrast(getComputedStyle(a).color, back));
  const drawn = [...document.querySelectorAll(".mol .l")].map((each) => contrast(getComputedStyle(each).stroke, paper));
  return { text: Math.min(...text), cells: Math.min(...cells), drawn: Math.min(...drawn) };
}
