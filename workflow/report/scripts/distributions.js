"use strict";
// What the products of a job are like beside their parents: from rows to products, descriptors, halogens.
/* global Plot, element, section, hint, number, percent, fixed, newChart, colorKey */
/* exported funnel, distributions, halogens */

/** The numbers from rows to what was made of them: [[what, how many, colour], …]. */
function counted(set) {
  const rows = set.transform
    ? [
        ["molecules in", set.rows_in, "var(--before)"],
        ["with a site", set.matched, "var(--before)"],
        ["products made", set.made, "var(--after)"],
        ["duplicates", set.duplicates_removed, "var(--limit)"],
        ["rejects", set.rejects, "var(--limit)"],
        ["products", set.products, "var(--after)"],
      ]
    : [
        ["rows in", set.rows_in, "var(--before)"],
        ["duplicates", set.duplicates, "var(--limit)"],
        ["rejects", set.rejects, "var(--limit)"],
        ["molecules", set.molecules, "var(--after)"],
      ];
  return rows.filter((row) => row[1] !== null && row[1] !== undefined);
}

function funnel(set, details) {
  const rows = counted(set);
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
  return section(`From rows to ${set.transform ? "products" : "molecules"}`, element("figure", {}, caption, place));
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

/** What the histograms are of: which molecules, whether samples, how many within rules for oral drugs. */
function basis(set, { before, after, matched }) {
  const [was, is] = set.transform ? ["parents", "products"] : ["natural products", "molecules"];
  const sample = (side, what) =>
    side && side.read < side.of
      ? ` The ${what} are a sample: ${number(side.read)} of ${number(side.of)} rows, evenly spread over the file.`
      : "";
  const passing = (rule) =>
    [
      [was, before],
      [is, after],
    ]
      .filter(([, side]) => side && side[rule] !== undefined)
      .map(([who, side]) => `${percent(side[rule])} of the ${who}`)
      .join(" and ");
  const which = set.transform
    ? `Before: the library's molecules${matched ? " that have a site" : ""}. After: the products.`
    : before
      ? "Before: the natural products. After: the molecules of the library."
      : "The molecules of the library.";
  return [
    which,
    sample(before, was),
    sample(after, is),
    passing("lipinski") ? ` At most one of Lipinski's limits is broken by ${passing("lipinski")}.` : "",
    passing("veber") ? ` Veber's limits are kept by ${passing("veber")}.` : "",
  ].join("");
}

function distributions(set, details, descriptors) {
  const { before, after } = details;
  const nothing = set.transform ? "This job has no products to describe." : "There are no molecules to describe.";
  if (!after || !after.rows) return element("p", {}, nothing);
  const title = before ? "Properties before and after" : "Properties";
  const shown = descriptors.map((descriptor) => histogram(descriptor, before, after)).filter(Boolean);
  if (!shown.length) return section(title, element("p", {}, "The molecules carry no descriptors."));
  const colors = [
    [before ? "after" : "molecules", "var(--after)"],
    ["limit", "var(--limit)"],
  ];
  if (before && before.rows) colors.unshift(["before (outline)", "var(--before)"]);
  return section(title, hint(basis(set, details)), colorKey(colors), element("div", { class: "small" }, ...shown));
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
  for (const [when, side] of Object.entries(before ? { before, after } : { after })) {
    for (const [halogen, counts] of Object.entries((side && side.halogens) || {})) {
      Object.keys(ATOMS).forEach((atoms, i) =>
        rows.push({ when, halogen, atoms, share: (100 * counts[i + 1]) / side.rows }),
      );
      told.push(`${halogen} ${when}: ${percent((side.rows - counts[0]) / side.rows)}`);
    }
  }
  if (!rows.some((row) => row.share))
    return section("Halogens", element("p", {}, "None of these molecules has a halogen."));
  const place = newChart(`Share of molecules with a halogen. ${told.join("; ")}`, () => ({
    height: 260,
    marginLeft: 60,
    marginRight: 30,
    x: { label: "% of molecules", grid: true, ticks: 5 },
    y: { label: null, domain: before ? ["before", "after"] : ["after"] },
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
  return section("Halogens", figure, lineage(before || after));
}

/** The halogens that halogenation put into the parents, most frequent first; null where there are none. */
function lineage(before) {
  const counts = Object.entries((before && before.lineage) || {}).sort((a, b) => b[1] - a[1]);
  if (!counts.length) return null;
  const shown = counts.slice(0, 14).map(([what, count]) => `${what.replaceAll(",", "+")} ${number(count)}`);
  return hint(`Put in by halogenation, by number of molecules: ${shown.join(", ")}${counts.length > 14 ? " …" : ""}.`);
}
