"use strict";
// Starts it all, once everything else of the page is there.
/* global unpack, redraw, openJobs, sortable, PAGE_ROWS, MEMORY_CHARTS, TIME_CHARTS */

const CHARTS = { ...MEMORY_CHARTS, ...TIME_CHARTS };

async function main() {
  const data = await unpack("data");
  const tables = [...document.querySelectorAll("table.data")].map(sortable);
  document.querySelectorAll("[data-chart]").forEach((place) => CHARTS[place.dataset.chart](place, data));
  await openJobs(data);
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
