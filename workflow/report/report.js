// Draws what the page carries: its charts at once, a job's when that job is chosen. No request leaves the page.
"use strict";

const COLORS = ["var(--s0)", "var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)", "var(--s7)", "var(--before)"];
const HALOGEN_COLORS = { F: "var(--s2)", Cl: "var(--s0)", Br: "var(--s4)", I: "var(--s7)" };
const number = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

/** Gives the JSON value packed in an element: gzip in base64. */
async function unpack(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Gives a chart as a figure: what it shows in words stands below it and is what a screen reader says. */
function figure(title, words, options) {
  const plot = Plot.plot({ style: { fontSize: "12px", overflow: "visible" }, ...options });
  const svg = plot.matches("svg") ? plot : plot.querySelector("svg:last-of-type");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${title}. ${words}`);
  return element("figure", {}, element("h4", {}, title), plot, element("figcaption", {}, words));
}

function key(entries) {
  const parts = entries.flatMap(([name, color]) => [element("i", { style: `background:${color}` }), name]);
  return element("p", { class: "key", "aria-hidden": "true" }, ...parts);
}

const width = (id) => Math.max(280, Math.min(1160, document.getElementById(id).clientWidth));

// ---- memory and time ------------------------------------------------------------------------------------------------

function drawMemory(memory) {
  const place = document.getElementById("memory-chart");
  const color = new Map(memory.stages.map((stage, at) => [stage, COLORS[at % COLORS.length]]));
  const wide = width("memory-chart");
  const marginLeft = 60;
  const words = `Stacked by stage; the line is what was declared. Peak ${number.format(memory.peak_mb)} MB, ` +
    `cap ${number.format(memory.cap_mb)} MB, over ${number.format(memory.seconds)} s.`;
  const bin = (d) => Math.floor(d.t / memory.width) * memory.width;
  const near = memory.cap_mb < 3 * Math.max(memory.peak_mb, memory.declared_mb);
  place.replaceChildren(
    figure("Memory over time", near ? words : `${words} The cap lies above the chart.`, {
      width: wide, height: 280, marginLeft,
      x: { label: "time, s", domain: [0, memory.seconds] },
      y: { label: "memory, MB", grid: true, domain: near ? [0, memory.cap_mb * 1.03] : undefined },
      marks: [
        Plot.rectY(memory.used, { x1: bin, x2: (d) => bin(d) + memory.width, y: "mb", z: "stage", fill: (d) => color.get(d.stage), order: memory.stages, shapeRendering: "crispEdges" }),
        Plot.lineY(memory.points, { x: "t", y: "declared", stroke: "currentColor", strokeDasharray: "4 3", curve: "step-after" }),
        near ? Plot.ruleY([memory.cap_mb], { stroke: "var(--warn)", strokeWidth: 2 }) : null,
        near ? Plot.text([memory.cap_mb], { y: (d) => d, text: () => "cap", frameAnchor: "right", dy: -7, fill: "var(--warn)" }) : null,
        memory.starts.length > 1 ? Plot.ruleX(memory.starts.slice(1), { x: "t", stroke: "currentColor", strokeDasharray: "1 4" }) : null,
        Plot.tip(memory.points, Plot.pointerX({ x: "t", y: "used", title: (d) => `${d.t} s\nused ${number.format(d.used)} MB\ndeclared ${number.format(d.declared)} MB` })),
      ],
    }),
    figure("Stages", "When tasks of each stage were running; the more at once, the darker.", {
      width: wide, height: 28 * memory.stages.length + 50, marginLeft: Math.min(165, wide / 3),
      x: { label: "time, s", domain: [0, memory.seconds] },
      y: { label: null, domain: memory.stages },
      opacity: { range: [0.35, 1] },
      marks: [Plot.barX(memory.spans, { x1: "t", x2: (d) => d.t + memory.width, y: "stage", fill: (d) => color.get(d.stage), opacity: "tasks", inset: 1, insetLeft: 0, insetRight: 0 })],
    }),
    key([...color]),
  );
}

function drawDeclared(data) {
  const shares = [...data.jobs.map((job) => ({ name: `${job.library} × ${job.transform}`, share: job.peak_of_declared, kind: "jobs" })),
    ...data.libraries.filter((row) => row.declared_mb).map((row) => ({ name: row.library, share: row.peak_mb / row.declared_mb, kind: "libraries" }))]
    .filter((row) => row.share != null);
  if (!shares.length) return;
  const most = shares.reduce((a, b) => (a.share > b.share ? a : b));
  document.getElementById("declared-chart").replaceChildren(
    figure("Used, as a share of what was declared", `At most ${percent.format(most.share)}, by ${most.name}.`, {
      width: width("declared-chart"), height: 150, marginLeft: 80,
      x: { label: "used of declared", tickFormat: "%", domain: [0, Math.max(1.05, most.share * 1.03)], grid: true },
      y: { label: null },
      marks: [
        Plot.ruleX([1], { stroke: "var(--warn)", strokeWidth: 2 }),
        Plot.dot(shares, { x: "share", y: "kind", r: 4, fill: "var(--after)", fillOpacity: 0.5, channels: { name: "name" }, tip: { format: { name: true, x: "%", y: false } } }),
      ],
    }),
  );
}

function drawTime(tasks) {
  const total = tasks.stages.reduce((sum, stage) => sum + stage.seconds, 0);
  const longest = tasks.stages.length ? tasks.stages.reduce((a, b) => (a.seconds > b.seconds ? a : b)) : null;
  if (longest) {
    document.getElementById("stage-chart").replaceChildren(
      figure("Time per stage", `Wall time of all tasks, added up: ${number.format(Math.round(total))} s, most of it in ${longest.stage} (${percent.format(longest.seconds / total)}).`, {
        width: width("stage-chart"), height: 34 * tasks.stages.length + 50, marginLeft: 165,
        x: { label: "seconds, added up over tasks", grid: true },
        y: { label: null, domain: tasks.stages.map((stage) => stage.stage) },
        marks: [
          Plot.barX(tasks.stages, { x: "seconds", y: "stage", fill: "var(--after)", inset: 3 }),
          Plot.text(tasks.stages, { x: "seconds", y: "stage", text: (d) => `${number.format(d.tasks)} tasks, median ${d.quartiles[2]} s`, textAnchor: "start", dx: 5 }),
        ],
        marginRight: 150,
      }),
    );
  }
  if (tasks.chunks.length) {
    const shown = tasks.chunks.slice(0, 12).map((row) => ({ ...row, name: row.transform ? `${row.library} × ${row.transform}` : row.library }));
    document.getElementById("balance-chart").replaceChildren(
      figure("Chunk balance", `Wall time of each chunk task, for the ${shown.length} least even; the worst has its longest at ${shown[0].ratio} × the mean.`, {
        width: width("balance-chart"), height: 34 * shown.length + 50, marginLeft: 20,
        x: { label: "seconds of a chunk task", grid: true },
        y: { axis: null, domain: shown.map((row) => row.name) },
        marks: [
          Plot.dot(shown.flatMap((row) => row.seconds.map((seconds) => ({ name: row.name, seconds }))), { x: "seconds", y: "name", fill: "var(--after)", fillOpacity: 0.5, r: 3.5, dy: 6 }),
          Plot.text(shown, { frameAnchor: "left", y: "name", text: (d) => `${d.name}, ${d.chunks} chunks`, textAnchor: "start", dy: -7, fontSize: 11 }),
        ],
      }),
    );
  }
}

// ---- a job ----------------------------------------------------------------------------------------------------------

function funnel(job, details) {
  const table = element("table", { class: "funnel" }, element("caption", { class: "unseen" }, "From molecules in to products"));
  const most = { molecules: job.rows_in || 1, products: Math.max(job.made, 1) };
  const row = (name, count, unit, lost) => {
    const bar = element("i", { style: `width:${count == null ? 0 : (100 * count) / most[unit]}%` });
    table.append(element("tr", lost ? { class: "lost" } : {}, element("th", { scope: "row" }, name),
      element("td", {}, count == null ? "not known" : number.format(count)), element("td", { class: "bar", "aria-hidden": "true" }, bar)));
  };
  row("molecules in", job.rows_in, "molecules");
  row("with a site", job.matched, "molecules");
  row("products made", job.made, "products");
  row("duplicates removed", job.duplicates_removed, "products", true);
  for (const [reason, count] of details.reasons || []) row(`rejects: ${reason}`, count, "products", true);
  row("products", job.products, "products");
  return table;
}

/** The bins of a histogram as bars: each with its share of the rows. */
function shares(profile, descriptor) {
  const found = profile?.bins?.[descriptor.name];
  if (!found) return [];
  const [start, step] = descriptor.bins;
  const [first, counts] = found;
  const all = counts.reduce((a, b) => a + b, 0) || 1;
  return counts.map((count, at) => ({ from: start + (first + at) * step, to: start + (first + at + 1) * step, share: count / all }));
}

function histogram(descriptor, details) {
  const before = shares(details.before, descriptor);
  const after = shares(details.after, descriptor);
  if (!after.length) return null;
  const unit = descriptor.unit ? `, ${descriptor.unit}` : "";
  const within = details.after.within?.[descriptor.name];
  const shift = descriptor.integer ? -descriptor.bins[1] / 2 : 0;  // a count's bar stands around it
  const mean = (profile) => (profile?.mean?.[descriptor.name] ?? NaN).toFixed(1);
  const words = (before.length ? `Mean ${mean(details.before)} before, ${mean(details.after)} after` : `Mean ${mean(details.after)}`) +
    (within == null ? "." : `; ${percent.format(within)} of products within ${descriptor.source}'s ${descriptor.limit}.`);
  return figure(descriptor.text.replace(/ \(.*/, "") + unit, words, {
    width: 350, height: 190, marginLeft: 45,
    x: { label: null, ticks: 6 },
    y: { label: null, tickFormat: "%", ticks: 4, grid: true },
    marks: [
      Plot.rectY(after, { x1: (d) => d.from + shift, x2: (d) => d.to + shift, y: "share", fill: "var(--after)", fillOpacity: 0.75, insetLeft: 0.5 }),
      Plot.rectY(before, { x1: (d) => d.from + shift, x2: (d) => d.to + shift, y: "share", fill: "none", stroke: "currentColor", strokeOpacity: 0.75, insetLeft: 0.5 }),
      descriptor.limit == null ? null : Plot.ruleX([descriptor.limit + (descriptor.integer ? 0.5 : 0)], { stroke: "var(--warn)", strokeWidth: 2, strokeDasharray: "5 3" }),
      Plot.ruleY([0]),
    ],
  });
}

function halogens(details) {
  const of = details.after?.halogens;
  if (!of) return null;
  const rows = Object.entries(of).flatMap(([halogen, counts]) => counts.map((count, atoms) => ({ halogen, atoms, share: count / details.after.rows })))
    .filter((row) => row.atoms > 0);
  const having = Object.entries(of).map(([halogen, counts]) => `${halogen} ${percent.format(1 - counts[0] / details.after.rows)}`);
  return figure("Products by halogen atoms", `With at least one: ${having.join(", ")}.`, {
    width: 350, height: 190, marginLeft: 45,
    fx: { label: null, domain: Object.keys(of) },
    x: { label: "atoms", tickFormat: (d) => (d === 4 ? "4+" : d), domain: [1, 2, 3, 4] },
    y: { label: null, tickFormat: "%", ticks: 4, grid: true },
    marks: [Plot.barY(rows, { fx: "halogen", x: "atoms", y: "share", fill: (d) => HALOGEN_COLORS[d.halogen] }), Plot.ruleY([0])],
  });
}

function pairOf(shown, descriptors) {
  const drawn = element("div", { class: shown.before ? "drawn" : "drawn alone" });
  drawn.innerHTML = shown.before ? `${shown.before}<span aria-hidden="true">→</span>${shown.after}` : shown.after;
  const values = element("dl", { class: "values" });
  for (const { name, unit } of descriptors) {
    if (!(name in shown.values)) continue;
    const [before, after] = shown.values[name].map((value) => (value == null ? null : Number.isInteger(value) ? String(value) : value.toFixed(2)));
    values.append(element("div", {}, element("dt", {}, name), element("dd", {}, `${before == null ? "" : `${before} → `}${after}${unit ? ` ${unit}` : ""}`)));
  }
  const from = shown.id ? `${shown.id}${shown.from && shown.from !== shown.id ? `, from ${shown.from}` : ""}${shown.halogens ? `, with ${shown.halogens}` : ""}; site ${shown.site}. ` : "";
  return element("li", {}, drawn, element("p", {}, from, element("code", {}, shown.smiles)), values);
}

async function showJob(data, at) {
  const job = data.jobs[at];
  const place = document.getElementById("job-details");
  const details = await unpack(`job-${at}`);
  const transform = data.transforms[job.transform];
  document.getElementById("job-title").textContent = `${job.library} × ${transform.label}`;
  document.getElementById("job-choice").value = at;
  for (const link of document.querySelectorAll(".matrix a[aria-current]")) link.removeAttribute("aria-current");
  document.querySelector(`.matrix a[href="#${CSS.escape(job.library)}/${CSS.escape(job.transform)}"]`)?.setAttribute("aria-current", "true");

  const reaction = element("div", { class: "reaction" });
  if (transform.drawing) reaction.innerHTML = transform.drawing;
  reaction.append(element("code", {}, transform.smirks || "an earlier pipeline's transform: no SMIRKS is recorded"));
  const parts = [element("div", { class: "job-head" }, funnel(job, details), reaction)];
  const charts = [...data.descriptors.map((descriptor) => histogram(descriptor, details)), halogens(details)].filter(Boolean);
  if (charts.length) {
    const after = details.after;
    const sampled = after.read < after.of ? `, from ${number.format(after.rows)} of ${number.format(after.of)} products` : "";
    const rule = after.lipinski == null ? "" : ` Within Lipinski's rule: ${percent.format(after.lipinski)} of products` +
      (details.before?.lipinski == null ? "." : `, ${percent.format(details.before.lipinski)} of the molecules ${details.matched ? "with a site" : "in"}.`);
    parts.push(element("h3", {}, `Distributions${sampled}`), element("p", {}, `Shares of rows.${rule}`),
      key([["products", "var(--after)"], [details.matched ? "molecules with a site (outline)" : "molecules in (outline)", "currentColor"], ["drug-likeness limit", "var(--warn)"]]),
      element("div", { class: "charts" }, ...charts));
  }
  if (details.gallery?.length) {
    const list = element("ul", { class: "gallery" }, ...details.gallery.map((shown) => pairOf(shown, data.descriptors)));
    parts.push(element("h3", {}, "Molecules"), element("p", {}, `${details.gallery.length} of ${number.format(job.products)} products, evenly spread over the job; the changed site is marked.`), list);
  } else if (!job.products) parts.push(element("p", { class: "note" }, "No molecule of the library has a site, so there is no product."));
  if (details.fewer) parts.push(element("p", { class: "note" }, "With this many jobs, some of this job's molecules were left out to keep the page small."));
  place.replaceChildren(...parts);
}

// ---- the page -------------------------------------------------------------------------------------------------------

function makeTables() {
  for (const table of document.querySelectorAll("table.sortable")) {
    const name = table.closest(".scroll").getAttribute("aria-label").toLowerCase();
    const long = table.tBodies[0].rows.length > 10;
    new DataTable(table, {
      order: [], autoWidth: false, paging: long, info: long, searching: true, pageLength: 10, lengthMenu: [10, 50, 200, -1],
      language: { search: `Search ${name}`, lengthMenu: "_MENU_ rows a page", info: "_START_ to _END_ of _TOTAL_", zeroRecords: "No row matches" },
    });
  }
}

async function main() {
  const data = await unpack("data");
  const places = new Map(data.jobs.map((job, at) => [`${job.library}/${job.transform}`, at]));
  const draw = () => {
    if (data.memory) drawMemory(data.memory);
    drawDeclared(data);
    drawTime(data.tasks);
  };
  draw();
  makeTables();
  const follow = async (scroll) => {
    const at = places.get(decodeURIComponent(location.hash.slice(1)));
    if (at === undefined) return false;
    await showJob(data, at);
    if (scroll) document.getElementById("job").scrollIntoView();
    return true;
  };
  if (!(await follow(true)) && data.jobs.length) {
    const most = data.jobs.reduce((best, job, at) => (job.products > data.jobs[best].products ? at : best), 0);
    await showJob(data, most);
  }
  addEventListener("hashchange", () => follow(true));
  document.getElementById("job-choice").addEventListener("change", (event) => {
    const job = data.jobs[event.target.value];
    history.replaceState(null, "", `#${job.library}/${job.transform}`);
    follow(false);
  });
  let waiting;
  addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(draw, 200); });
  document.documentElement.dataset.ready = "true";
}

main();
