"use strict";
// Starts it all, once everything else of the page is there.
/* global $, unpack, redraw, setsOf, openSets, openSearch, sortable, PAGE_ROWS, MEMORY_CHARTS, TIME_CHARTS */

const CHARTS = { ...MEMORY_CHARTS, ...TIME_CHARTS };

/** Open the second part of the page for what is in it: the place that a link or the address names. */
function openPart() {
  const name = location.hash.slice(1);
  const place = name && document.getElementById(name);
  if (place && $("run").contains(place) && !$("run").open) {
    $("run").open = true;
    place.scrollIntoView();
  }
}

async function main() {
  const data = await unpack("data");
  const sets = setsOf(data);
  const tables = [...document.querySelectorAll("table.data")].map(sortable);
  document.querySelectorAll("[data-chart]").forEach((place) => CHARTS[place.dataset.chart](place, data));
  $("run").addEventListener("toggle", redraw);
  addEventListener("hashchange", openPart);
  openPart();
  openSearch(sets);
  await openSets(data, sets);
  let waiting = 0;
  let width = innerWidth;
  addEventListener("resize", () => {
    if (width === innerWidth) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 150);
  });
  addEventListener("beforeprint", () => tables.forEach((table) => table.page.len(-1).draw()));
  addEventListener("afterprint", () => tables.forEach((table) => table.page.len(PAGE_ROWS).draw()));
  document.documentElement.dataset.ready = "true";
}

main();
