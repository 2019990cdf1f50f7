"use strict";
// What the products of a job are like beside their parents: from rows to products, descriptors, halogens.
/* global Plot, element, section, hint, number, percent, fixed, newChart, colorKey */
/* exported funnel, distributions, halogens */

function funnel(job, details) {
  const rows = [
    ["rows in", job.rows_in, "var(--before)"],
    ["matched", job.matched, "var(--before)"],
    ["products made", job.made, "var(--after)"],
    ["duplicates", job.duplicates_removed, "var(--limit)"],
    ["rejects", job.rejects, "var(--limit)"],
    ["products", job.products, "var(--after)"],
  ].filter((row) => row[1] !== null);
  const why = (details.reasons || []).map(([reason, count]) => `${reason}: ${number(count)}`).join("; ");
  const place = newChart(rows.map(([name, count]) => `${name} ${number(count)}`).join(", "), () => ({
    height: 16 + 26 * rows.length,
    marginLeft: 100,
    marginTop: 8,
    marginBottom: 8,
    marginRight: 80,
    x: { axis: null },
    y: { label: null, domain: rows.map((row) => row[0]) },
    marks: [
      Plot.barX(rows, { x: "1", y: "0", fill: "2", inset: 2 }),
      Plot.text(rows, { x: "1", y: "0", text: (row) => number(row[1]), textAnchor: "start", dx: 5 }),
      Plot.ruleX([0]),
    ],
  }));
  const caption = element("figcaption", {}, why ? `Rejects: ${why}` : "No rejects");
  return section("From rows to products", element("figure", {}, caption, place));
}

/** The bars of a descriptor's histogram, as shares of all molecules in %. */
function bars(descriptor, side) {
  if (!side || !side.bins[descriptor.name]) return [];
  const [first, width] = descriptor.bins;
  const shift = descriptor.integer ? -0.5 : 0;
  const [start, counts] = side.bins[descriptor.name];
  return counts.map((count, i) => ({
    x1: first + (start + i) * width + shift,
    x2: first + (start + i + 1) * width + shift,
    share: (100 * count) / side.rows,
  }));
}

function outline(steps) {
  if (!steps.length) return [];
  const tops = steps.map((bar) => ({ x: bar.x1, share: bar.share }));
  return [{ x: steps[0].x1, share: 0 }, ...tops, { x: steps[steps.length - 1].x2, share: 0 }];
}

function meanAndLimit(descriptor, side) {
  const mean = side && side.mean[descriptor.name];
  if (mean === undefined || mean === null) return null;
  const within = side.within[descriptor.name];
  return `mean ${fixed(mean)}${within === undefined ? "" : `, ${percent(within)} within the limit`}`;
}

function limitMarks(descriptor) {
  if (descriptor.limit === null) return [];
  const places = [descriptor.limit - (descriptor.integer ? -0.5 : 0)];
  return [
    Plot.ruleX(places, { stroke: "var(--limit)", strokeWidth: 1.5, strokeDasharray: "4,3" }),
    Plot.text(places, {
      x: (value) => value,
      frameAnchor: "top",
      dy: -14,
      fill: "var(--limit)",
      text: () => `${descriptor.source}: ≤ ${descriptor.limit}`,
    }),
  ];
}

/** A descriptor of the products as bars, of the parents as an outline; null if neither is known. */
function histogram(descriptor, before, after) {
  const [was, is] = [bars(descriptor, before), bars(descriptor, after)];
  if (!was.length && !is.length) return null;
  const told = { before: meanAndLimit(descriptor, before), after: meanAndLimit(descriptor, after) };
  const lines = Object.entries(told)
    .filter(([, text]) => text)
    .map((part) => part.join(": "));
  const name = descriptor.text.replace(/ \(.*/, "");
  const place = newChart(`${name}. ${lines.join("; ")}`, () => ({
    height: 200,
    marginLeft: 40,
    marginRight: 36,
    marginBottom: 42,
    marginTop: 24,
    x: { label: descriptor.unit || null, ticks: 6 },
    y: { label: "% of molecules", grid: true, ticks: 4 },
    marks: [
      Plot.rectY(is, { x1: "x1", x2: "x2", y: "share", fill: "var(--after)", fillOpacity: 0.75, inset: 0.3 }),
      Plot.lineY(outline(was), { x: "x", y: "share", stroke: "var(--before)", strokeWidth: 2, curve: "step-after" }),
      ...limitMarks(descriptor),
      Plot.ruleY([0]),
    ],
  }));
  const caption = element("figcaption", {}, element("b", {}, name), ...lines.flatMap((line) => [element("br"), line]));
  return element("figure", {}, caption, place);
}

/** What the histograms are of: which molecules, whether samples, how many within Lipinski's limits. */
function basis({ before, after, matched }) {
  const sample = (side, what) =>
    side && side.read < side.of
      ? ` ${what} are a sample: ${number(side.read)} of ${number(side.of)} rows, evenly spread over the file.`
      : "";
  const passing = [
    ["of the parents", before],
    ["of the products", after],
  ]
    .filter(([, side]) => side && side.lipinski !== undefined)
    .map(([who, side]) => `${percent(side.lipinski)} ${who}`);
  return [
    `Before: the library's molecules${matched ? " that have a site" : ""}. After: the products.`,
    sample(before, "Parents"),
    sample(after, "Products"),
    passing.length ? ` At most one of Lipinski's limits is broken by ${passing.join(" and ")}.` : "",
  ].join("");
}

function distributions(details, descriptors) {
  const { before, after } = details;
  if (!after || !after.rows) return element("p", {}, "This job has no products to describe.");
  const title = "Descriptors before and after";
  const shown = descriptors.map((descriptor) => histogram(descriptor, before, after)).filter(Boolean);
  if (!shown.length) return section(title, element("p", {}, "Products of this run carry no descriptors."));
  const colors = [
    ["after", "var(--after)"],
    ["limit", "var(--limit)"],
  ];
  if (before && before.rows) colors.unshift(["before (outline)", "var(--before)"]);
  return section(title, hint(basis(details)), colorKey(colors), element("div", { class: "small" }, ...shown));
}

const ATOMS = {
  "one atom": "var(--atoms-1)",
  two: "var(--atoms-2)",
  three: "var(--atoms-3)",
  "four or more": "var(--atoms-4)",
};

function halogens({ before, after }) {
  if (!after || !after.rows) return null;
  const rows = [];
  const told = [];
  for (const [when, side] of Object.entries({ before, after })) {
    for (const [halogen, counts] of Object.entries((side && side.halogens) || {})) {
      Object.keys(ATOMS).forEach((atoms, i) =>
        rows.push({ when, halogen, atoms, share: (100 * counts[i + 1]) / side.rows }),
      );
      told.push(`${halogen} ${when}: ${percent((side.rows - counts[0]) / side.rows)}`);
    }
  }
  if (!rows.some((row) => row.share))
    return section("Halogens", element("p", {}, "No molecule of this job has a halogen."));
  const place = newChart(`Share of molecules with a halogen. ${told.join("; ")}`, () => ({
    height: 260,
    marginLeft: 60,
    marginRight: 30,
    x: { label: "% of molecules", grid: true, ticks: 5 },
    y: { label: null, domain: ["before", "after"] },
    fy: { label: null, domain: ["F", "Cl", "Br", "I"] },
    color: { domain: Object.keys(ATOMS), range: Object.values(ATOMS) },
    marks: [
      Plot.barX(rows, { x: "share", y: "when", fy: "halogen", fill: "atoms", order: Object.keys(ATOMS), inset: 1 }),
      Plot.ruleX([0]),
    ],
  }));
  const title = element("b", {}, "Molecules with halogen atoms");
  const caption = element("figcaption", {}, title, ", by how many of each element they have");
  const figure = element("figure", {}, caption, colorKey(Object.entries(ATOMS)), place);
  return section("Substitutions by halogen", figure, lineage(before));
}

/** The halogens that halogenation put into the parents, most frequent first; null where there are none. */
function lineage(before) {
  const counts = Object.entries((before && before.lineage) || {}).sort((a, b) => b[1] - a[1]);
  if (!counts.length) return null;
  const shown = counts.slice(0, 14).map(([what, count]) => `${what.replaceAll(",", "+")} ${number(count)}`);
  return hint(`Put in by halogenation, by number of parents: ${shown.join(", ")}${counts.length > 14 ? " …" : ""}.`);
}
