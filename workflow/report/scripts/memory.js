"use strict";
// Charts of memory: what the run used, declared and was allowed, over time and by stage.
/* global Plot, d3, chart, colorKey, number, fixed, timeUnit */
/* exported MEMORY_CHARTS */

const STAGE_COLORS = {
  Snakemake: "#8d939c",
  "task server": "#4b5563",
  read: "#56b4e9",
  standardise: "#0072b2",
  halogenate: "#009e73",
  "merge library": "#c8a415",
  transform: "#d55e00",
  "merge products": "#cc79a7",
  "find duplicates": "#e69f00",
  export: "#44aa99",
  "verify adopted": "#7a68a6",
  fingerprints: "#7fa11b",
  "catalog, report": "#8c6d46",
  starting: "#b9bec6",
};

const MEMORY_CHARTS = {
  headroom(place, { memory }) {
    const rows = [
      { name: "used", mb: memory.peak_mb, color: "var(--after)" },
      { name: "declared", mb: memory.declared_mb, color: "var(--before)" },
      { name: "allowed", mb: memory.cap_mb, color: "var(--line)" },
    ];
    chart(place, rows.map((row) => `${row.name} at most ${number(row.mb)} MB`).join(", "), (width) => ({
      height: 134,
      marginLeft: 70,
      marginRight: 90,
      x: { label: "MB", tickFormat: (value) => number(value), ticks: Math.max(3, width / 140) },
      y: { label: null, domain: rows.map((row) => row.name) },
      marks: [
        Plot.barX(rows, { x: "mb", y: "name", fill: "color" }),
        Plot.text(rows, {
          x: "mb",
          y: "name",
          text: (row) => `${number(row.mb)} MB`,
          textAnchor: "start",
          dx: 6,
        }),
      ],
    }));
  },

  memory(place, { memory }) {
    const [unit, label] = timeUnit(memory.seconds);
    const found = new Map(memory.used.map((row) => [`${row.t} ${row.stage}`, row.mb]));
    const used = memory.points.flatMap(({ t }) =>
      memory.stages.map((stage) => ({ t: t / unit, stage, mb: found.get(`${t} ${stage}`) || 0 })),
    );
    const top = Math.max(memory.peak_mb, memory.declared_mb);
    const shown = memory.cap_mb <= 3 * top;
    const text = shown
      ? `cap ${number(memory.cap_mb)} MB`
      : `cap ${number(memory.cap_mb)} MB, ${Math.round(memory.cap_mb / top)} × as high`;
    place.before(colorKey(memory.stages.map((stage) => [stage, STAGE_COLORS[stage]])));
    chart(
      place,
      `Used at most ${number(memory.peak_mb)} MB, declared at most ${number(memory.declared_mb)} MB, ${text}`,
      () => ({
        height: 320,
        marginLeft: 60,
        marginTop: 30,
        x: { label },
        y: { label: "MB", grid: true, domain: [0, shown ? memory.cap_mb * 1.05 : top * 1.12] },
        color: { domain: memory.stages, range: memory.stages.map((stage) => STAGE_COLORS[stage]) },
        marks: [
          Plot.areaY(used, { x: "t", y: "mb", fill: "stage", order: memory.stages, curve: "step-after" }),
          Plot.lineY(memory.points, {
            x: (row) => row.t / unit,
            y: "declared",
            stroke: "currentColor",
            strokeDasharray: "5,4",
            curve: "step-after",
          }),
          memory.starts.length > 1
            ? Plot.ruleX(memory.starts, { x: (row) => row.t / unit, stroke: "var(--mute)" })
            : null,
          shown ? Plot.ruleY([memory.cap_mb], { stroke: "var(--limit)", strokeWidth: 2 }) : null,
          Plot.tip(
            memory.points,
            Plot.pointerX({
              x: (row) => row.t / unit,
              y: "used",
              fill: "var(--panel)",
              stroke: "var(--mute)",
              title: (row) => `used ${number(row.used)} MB\ndeclared ${number(row.declared)} MB`,
            }),
          ),
          Plot.text([text], {
            frameAnchor: "top-right",
            dy: -16,
            fill: "var(--limit)",
            fontWeight: 600,
            text: (row) => `${shown ? "" : "↑ "}${row}`,
          }),
          Plot.ruleY([0]),
        ],
      }),
    );
  },

  spans(place, { memory }) {
    const [unit, label] = timeUnit(memory.seconds);
    const most = Math.max(1, ...memory.spans.map((row) => row.tasks));
    chart(
      place,
      memory.stages
        .map((stage) => {
          const times = memory.spans.filter((row) => row.stage === stage).map((row) => row.t / unit);
          return `${stage} from ${fixed(Math.min(...times))} to ${fixed(Math.max(...times))}`;
        })
        .join("; ") + ` ${label}`,
      () => ({
        height: 54 + 22 * memory.stages.length,
        marginLeft: 165,
        x: { label },
        y: { label: null, domain: memory.stages },
        color: { domain: memory.stages, range: memory.stages.map((stage) => STAGE_COLORS[stage]) },
        marks: [
          Plot.barX(memory.spans, {
            x1: (row) => row.t / unit,
            x2: (row) => (row.t + memory.width) / unit,
            y: "stage",
            fill: "stage",
            fillOpacity: (row) => 0.45 + 0.55 * (row.tasks / most),
            inset: 1,
            insetLeft: 0,
            insetRight: 0,
          }),
        ],
      }),
    );
  },

  shares(place, { jobs, libraries }) {
    const shares = [
      ...jobs.map((row) => row.peak_of_declared).filter((share) => share !== null),
      ...libraries.filter((row) => row.declared_mb).map((row) => row.peak_mb / row.declared_mb),
    ].map((share) => 100 * share);
    const most = Math.max(0, ...shares);
    chart(place, `${shares.length} libraries and jobs used at most ${most.toFixed(0)} % of what they declared`, () => ({
      height: 200,
      marginLeft: 60,
      x: { label: "used, % of declared", domain: [0, 105] },
      y: { label: "libraries and jobs", grid: true },
      marks: [
        Plot.rectY(
          shares,
          Plot.binX({ y: "count" }, { x: (value) => value, thresholds: d3.range(0, 106, 2.5), fill: "var(--after)" }),
        ),
        Plot.ruleX([100], { stroke: "var(--limit)", strokeWidth: 2 }),
        Plot.ruleY([0]),
      ],
    }));
  },
};
