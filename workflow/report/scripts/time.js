"use strict";
// Charts of time: what each stage took, how long its tasks were, how well chunks are balanced.
/* global Plot, d3, chart, colorKey, number */
/* exported TIME_CHARTS */

const TIME_CHARTS = {
  stages(place, { tasks }) {
    const rows = tasks.stages.flatMap((row) => [
      { stage: row.stage, kind: "wall", seconds: row.seconds },
      { stage: row.stage, kind: "CPU", seconds: row.cpu_seconds },
    ]);
    place.before(
      colorKey([
        ["wall", "var(--wall)"],
        ["CPU", "var(--cpu)"],
      ]),
    );
    chart(
      place,
      tasks.stages
        .map((row) => `${row.stage}: ${number(row.seconds)} s wall, ${number(row.cpu_seconds)} s CPU`)
        .join("; "),
      () => ({
        height: 64 + 40 * tasks.stages.length,
        marginLeft: 150,
        marginRight: 50,
        x: { label: "seconds", ticks: 5 },
        y: { axis: null, domain: ["wall", "CPU"] },
        fy: { label: null, axis: "left", domain: tasks.stages.map((row) => row.stage), padding: 0.22 },
        marks: [
          Plot.barX(rows, {
            x: "seconds",
            y: "kind",
            fy: "stage",
            fill: (row) => (row.kind === "wall" ? "var(--wall)" : "var(--cpu)"),
          }),
          Plot.text(rows, {
            x: "seconds",
            y: "kind",
            fy: "stage",
            text: (row) => number(Math.round(row.seconds * 10) / 10),
            textAnchor: "start",
            dx: 4,
            fontSize: 11,
          }),
        ],
      }),
    );
  },

  spread(place, { tasks }) {
    const rows = tasks.stages.map((row) => ({
      stage: row.stage,
      q: row.quartiles.map((value) => Math.max(0.01, value)),
    }));
    place.before(colorKey([["middle half of the tasks", "var(--wall)"]]));
    chart(
      place,
      tasks.stages.map((row) => `${row.stage}: median ${row.quartiles[2]} s, longest ${row.quartiles[4]} s`).join("; "),
      () => ({
        height: 64 + 40 * rows.length,
        marginLeft: 150,
        marginRight: 30,
        x: { type: "log", label: "seconds, logarithmic", grid: true, tickFormat: ",~g", ticks: 4 },
        y: { label: null, type: "band", domain: rows.map((row) => row.stage), padding: 0.6 },
        marks: [
          Plot.link(rows, {
            x1: (row) => row.q[0],
            x2: (row) => row.q[4],
            y: "stage",
            stroke: "var(--mute)",
            strokeWidth: 1.5,
          }),
          Plot.barX(rows, {
            x1: (row) => row.q[1],
            x2: (row) => row.q[3],
            y: "stage",
            fill: "var(--wall)",
          }),
          Plot.dot(rows, {
            x: (row) => row.q[2],
            y: "stage",
            fill: "var(--page)",
            stroke: "var(--ink)",
            strokeWidth: 2,
            r: 5,
          }),
        ],
      }),
    );
  },

  chunks(place, { tasks, transforms }) {
    const rows = tasks.chunks.slice(0, 15).map((row) => ({
      ...row,
      name: row.transform
        ? `${row.library}, ${transforms[row.transform] ? transforms[row.transform].label : row.transform}`
        : row.library,
    }));
    const dots = rows.flatMap((row) => {
      const mean = d3.mean(row.seconds) || 1;
      return row.seconds.map((seconds) => ({ name: row.name, multiple: seconds / mean }));
    });
    chart(
      place,
      rows.map((row) => `${row.name}: ${row.chunks} chunks, longest ${row.ratio} times the mean`).join("; "),
      () => ({
        height: 50 + 38 * rows.length,
        marginLeft: 10,
        x: {
          label: "time of a chunk, as a multiple of its job's mean",
          domain: [
            0,
            Math.max(
              2,
              d3.max(dots, (dot) => dot.multiple),
            ),
          ],
          grid: true,
        },
        fy: { label: null, axis: null, domain: rows.map((row) => row.name) },
        marks: [
          Plot.ruleX([1], { stroke: "var(--mute)" }),
          Plot.dot(dots, {
            x: "multiple",
            fy: "name",
            fill: "var(--after)",
            fillOpacity: 0.65,
            r: 4,
            dy: 5,
          }),
          Plot.text(rows, {
            fy: "name",
            frameAnchor: "top-left",
            text: (row) => `${row.name} (${row.chunks} chunks)`,
            fontWeight: 600,
          }),
        ],
      }),
    );
  },
};
