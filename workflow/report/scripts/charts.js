"use strict";
// Charts in places of the page, each drawn again when the page's width changes.
/* global Plot, element */
/* exported chart, newChart, redraw, colorKey, timeUnit */

const drawn = []; // [place, how to draw it], to draw again at another width

/** Keep a chart in a place. `label` tells its content to those who cannot see it; `options` gives Plot's for a width. */
function chart(place, label, options) {
  const draw = () => {
    const width = Math.max(260, place.clientWidth || 640);
    const style = { fontSize: "12px", color: "var(--ink)" };
    const made = Plot.plot({ width, marginBottom: 44, style, ...options(width) });
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", label);
    place.replaceChildren(made);
  };
  drawn.push([place, draw]);
  draw();
}

/** A new place with a chart, which is drawn once the place is in the page and has a width. */
function newChart(label, options) {
  const place = element("div", { class: "chart" });
  queueMicrotask(() => chart(place, label, options));
  return place;
}

function redraw() {
  for (let i = drawn.length - 1; i >= 0; i--) if (!drawn[i][0].isConnected) drawn.splice(i, 1);
  for (const [, draw] of drawn) draw();
}

/** The meaning of colours, as a list: [[name, colour], …]. */
function colorKey(entries) {
  return element(
    "ul",
    { class: "key" },
    ...entries.map(([name, color]) => {
      const swatch = element("i");
      swatch.style.background = color;
      return element("li", {}, swatch, name);
    }),
  );
}

/** Seconds as a scale of the unit that suits them. */
function timeUnit(seconds) {
  if (seconds > 3 * 86400) return [86400, "days of running"];
  if (seconds > 3 * 3600) return [3600, "hours of running"];
  return seconds > 300 ? [60, "minutes of running"] : [1, "seconds of running"];
}
