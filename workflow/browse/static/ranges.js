// Histograms above the bounds of descriptors and scores, on which both bounds are set: by dragging, or by keys.
const PAUSE = 450; // milliseconds after the last change until it is shown
const SVG = "http://www.w3.org/2000/svg";
const text = (value) => String(Number(value.toPrecision(6)));

/** Draw a histogram for each descriptor of a form; `apply` shows what the form asks for. */
export async function addRanges(form, apply) {
  const place = form.querySelector("[data-histograms]");
  const answer = await fetch(place.dataset.histograms);
  if (!answer.ok) return;
  const { rows, read, shown } = await answer.json();
  for (const field of place.querySelectorAll(".window")) {
    const histogram = shown[field.dataset.name];
    if (histogram && histogram.counts.length > 1) new Range(form, field, histogram, apply);
  }
  const note = place.querySelector("#sampled");
  const count = (value) => value.toLocaleString("en");
  note.hidden = read === rows;
  note.textContent = `The histograms are of a sample: ${count(read)} of ${count(rows)} rows, evenly spread.`;
}

/** Both bounds of one descriptor: fields for numbers, and two handles on a histogram. A handle at an end is no bound. */
class Range {
  constructor(form, field, histogram, apply) {
    this.name = field.dataset.name;
    this.histogram = histogram;
    this.bins = histogram.counts.length;
    this.fields = ["min", "max"].map((end) => form.elements[`${this.name}_${end}`]);
    this.handles = ["at least", "at most"].map((words) => this.handle(words));
    this.bars = histogram.counts.map((_, at) => this.bar(at));
    const plot = document.createElementNS(SVG, "svg");
    plot.setAttribute("viewBox", `0 0 ${this.bins} 100`);
    plot.setAttribute("preserveAspectRatio", "none");
    plot.setAttribute("aria-hidden", "true");
    plot.append(...this.bars);
    this.told = document.createElement("output");
    const range = document.createElement("div");
    range.className = "range";
    range.append(plot, this.told, ...this.handles);
    field.append(range);
    this.dragOn(plot);

    let waiting = 0;
    this.changed = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => apply(form), PAUSE);
    };
    this.handles.forEach((handle, end) => {
      handle.addEventListener("input", () => this.moved(end));
      handle.addEventListener("change", this.changed);
    });
    this.fields.forEach((each) => each.addEventListener("input", () => this.typed()));
    this.typed();
  }

  handle(words) {
    const handle = document.createElement("input");
    Object.assign(handle, { type: "range", min: 0, max: this.bins, step: 1 });
    handle.setAttribute("aria-label", `${this.name}, ${words}`);
    return handle;
  }

  bar(at) {
    const most = Math.max(...this.histogram.counts);
    const count = this.histogram.counts[at];
    const height = count ? Math.max(3, (100 * count) / most) : 0;
    const bar = document.createElementNS(SVG, "rect");
    for (const [name, value] of Object.entries({ x: at + 0.06, y: 100 - height, width: 0.88, height }))
      bar.setAttribute(name, value);
    return bar;
  }

  /** The value of a bound whose handle stands before a bar; "" at the ends. */
  value(end, at) {
    if (at === (end ? this.bins : 0)) return "";
    const edge = this.histogram.first + at * this.histogram.width;
    return text(end && this.histogram.integer ? edge - 1 : edge);
  }

  /** The place of the handle for what a field says. */
  place(end) {
    if (this.fields[end].value === "") return end ? this.bins : 0;
    const { first, width, integer } = this.histogram;
    const at = (Number(this.fields[end].value) + (end && integer ? 1 : 0) - first) / width;
    return Math.min(this.bins, Math.max(0, end ? Math.ceil(at - 1e-6) : Math.floor(at + 1e-6)));
  }

  moved(end) {
    const [low, high] = this.handles.map((handle) => Number(handle.value));
    if (low >= high) this.handles[end].value = end ? low + 1 : high - 1;
    this.fields[end].value = this.value(end, Number(this.handles[end].value));
    this.show();
  }

  typed() {
    this.handles.forEach((handle, end) => (handle.value = this.place(end)));
    this.show();
  }

  /** Colour what is within the bounds, and say how much that is. */
  show() {
    const [low, high] = this.handles.map((handle) => Number(handle.value));
    const { counts, below, above } = this.histogram;
    let within = (low ? 0 : below) + (high === this.bins ? above : 0);
    let all = below + above;
    counts.forEach((count, at) => {
      const isIn = at >= low && at < high;
      this.bars[at].classList.toggle("out", !isIn);
      within += isIn ? count : 0;
      all += count;
    });
    const share = Math.round((100 * within) / all);
    this.told.textContent = this.fields.some((each) => each.value) ? `${share} %` : "";
    this.handles.forEach((handle, end) => {
      const value = this.fields[end].value;
      const bound = value === "" ? "no bound" : value;
      handle.setAttribute("aria-valuetext", value === "" ? bound : `${bound}, about ${share} % of all`);
    });
  }

  /** Set both bounds by dragging over the histogram itself. */
  dragOn(plot) {
    const at = (event) => {
      const box = plot.getBoundingClientRect();
      return Math.min(this.bins, Math.max(0, ((event.clientX - box.left) / box.width) * this.bins));
    };
    plot.addEventListener("pointerdown", (event) => {
      const start = at(event);
      plot.setPointerCapture(event.pointerId);
      const move = (moved) => {
        const ends = [start, at(moved)].sort((a, b) => a - b);
        if (ends[1] - ends[0] < 0.3) return;
        const places = [Math.floor(ends[0]), Math.ceil(ends[1])];
        places.forEach((place, end) => {
          this.handles[end].value = place;
          this.fields[end].value = this.value(end, place);
        });
        this.show();
        this.changed();
      };
      plot.addEventListener("pointermove", move);
      plot.addEventListener("pointerup", () => plot.removeEventListener("pointermove", move), { once: true });
    });
  }
}
