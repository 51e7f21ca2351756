// The front end of gmmlab.explore: draws a scene (explore.py says what is in one) and lets its reader move through it.
// Everything is computed here or was computed before: no move ever waits for the kernel, and none is needed.

const SVG = "http://www.w3.org/2000/svg";
const BOX = { width: 440, height: 350, low: 230, left: 70, right: 14, top: 30, bottom: 50 };
const ACROSS = BOX.width - BOX.left - BOX.right;
const CIRCLE = Array.from({ length: 73 }, (_, i) => [Math.cos((i * Math.PI) / 36), Math.sin((i * Math.PI) / 36)]);
const DARK = "#222222";
const STEP = 120; // milliseconds that a frame stays when playing
const NEAR = 12; // a press as near as this, in pixels of the drawing, takes hold of a sample

function add(parent, tag, attributes = {}, text = "") {
  const space = tag === "svg" || parent.namespaceURI === SVG ? SVG : parent.namespaceURI;
  const node = parent.appendChild(document.createElementNS(space, tag));
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text) node.textContent = text;
  return node;
}

// One pair of labelled axes; what is added to `inside` is cut off at their edges.
class Chart {
  constructor(parent, spec, height = BOX.height) {
    const up = height - BOX.top - BOX.bottom;
    Object.assign(this, { spec, height, up });
    const view = `0 0 ${BOX.width} ${height}`;
    this.svg = add(parent, "svg", { viewBox: view, role: "img", "aria-label": spec.alt, class: "gmmlab-chart" });
    this.inside = add(this.svg, "svg", { x: BOX.left, y: BOX.top, width: ACROSS, height: up });
    const label = (x, y, text, more = {}) => add(this.svg, "text", { x, y, "text-anchor": "middle", ...more }, text);
    label(BOX.left, 19, spec.title, { "text-anchor": "start", class: "gmmlab-title" });
    label(BOX.left + ACROSS / 2, height - 8, spec.x);
    label(0, 0, spec.y, { transform: `translate(15 ${BOX.top + up / 2}) rotate(-90)` });
    const line = (points) => add(this.svg, "polyline", { points, fill: "none", stroke: DARK });
    line(`${BOX.left},${BOX.top} ${BOX.left},${BOX.top + up} ${BOX.left + ACROSS},${BOX.top + up}`);
    for (const tick of spec.xticks) {
      label(BOX.left + this.x(tick), BOX.top + up + 18, `${tick}`);
      add(this.inside, "path", { d: `M${this.x(tick)},0V${up}`, stroke: "#e3e3e3" });
    }
    for (const tick of spec.yticks) {
      label(BOX.left - 6, BOX.top + this.y(tick) + 4, `${tick}`, { "text-anchor": "end" });
      add(this.inside, "path", { d: `M0,${this.y(tick)}H${ACROSS}`, stroke: "#e3e3e3" });
    }
  }
  x(value) {
    return ((value - this.spec.xlim[0]) / (this.spec.xlim[1] - this.spec.xlim[0])) * ACROSS;
  }
  y(value) {
    return this.up * (1 - (value - this.spec.ylim[0]) / (this.spec.ylim[1] - this.spec.ylim[0]));
  }
  path(rows) {
    return rows.length ? `M${rows.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join("L")}` : "";
  }
  place(node, [x, y]) {
    node.setAttribute("transform", `translate(${this.x(x).toFixed(2)} ${this.y(y).toFixed(2)})`);
  }
  // The values under a pointer, kept within the axes.
  under(event) {
    const shown = this.svg.getBoundingClientRect();
    const across = ((event.clientX - shown.left) / shown.width) * BOX.width - BOX.left;
    const down = ((event.clientY - shown.top) / shown.height) * this.height - BOX.top;
    const along = ([low, high], share) => low + Math.min(Math.max(share, 0), 1) * (high - low);
    return [along(this.spec.xlim, across / ACROSS), along(this.spec.ylim, 1 - down / this.up)];
  }
}

// Responsibilities and log density of one row: log-sum-exp over log w_k N(row | mean_k, covariance_k).
function responsibilities(mixture, row) {
  const logs = mixture.means.map((mean, k) => {
    let distance = 0;
    for (let j = 0; j < row.length; j++) {
      let z = 0;
      for (let i = 0; i < row.length; i++) z += (row[i] - mean[i]) * mixture.roots[k][i][j];
      distance += z * z;
    }
    return mixture.constants[k] - distance / 2;
  });
  const top = Math.max(...logs);
  const parts = logs.map((log) => Math.exp(log - top));
  const total = parts.reduce((sum, part) => sum + part, 0);
  return { shares: parts.map((part) => part / total), logDensity: top + Math.log(total) };
}

const rgb = (colour) => [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

// Number, colour and edge of a sample: of the component that owns most of it, or of its kind if it was scored.
function appearance(scene, palette, frame, i) {
  if (!frame.mixture) return [scene.kinds[i], scene.look.colours[scene.kinds[i]], scene.scores[i] <= frame.threshold];
  const { shares } = responsibilities(frame.mixture, scene.rows[i]);
  const largest = Math.max(...shares);
  const mixed = [0, 1, 2].map((c) =>
    Math.round(shares.reduce((sum, share, k) => sum + share * palette[k][c], 0)),
  );
  return [shares.indexOf(largest), `rgb(${mixed})`, largest < 0.9];
}

function drawSamples(chart, scene) {
  const nodes = scene.points.map((point) => {
    const node = add(chart.inside, "path", { stroke: DARK, class: "gmmlab-sample" });
    chart.place(node, point);
    return node;
  });
  const palette = scene.look.colours.map(rgb);
  const before = nodes.map(() => []);
  const attributes = ["d", "fill", "stroke-width"];
  return (frame) =>
    nodes.forEach((node, i) => {
      const [k, fill, strong] = appearance(scene, palette, frame, i);
      const now = [scene.look.markers[k], fill, strong ? 2.4 : 0.4];
      now.forEach((value, at) => value !== before[i][at] && node.setAttribute(attributes[at], value));
      before[i] = now;
    });
}

function drawEllipses(chart, scene) {
  const count = Math.max(0, ...scene.frames.map((frame) => frame.mixture?.means.length ?? 0));
  const nodes = Array.from({ length: count }, (_, k) => {
    const colour = scene.look.colours[k];
    const shape = { stroke: colour, fill: colour, "fill-opacity": 0.15, "stroke-width": 2.5, class: "gmmlab-ellipse" };
    const centre = { d: "M-7,0H7M0,-7V7", stroke: DARK, "stroke-width": 2.5 };
    return [add(chart.inside, "path", shape), add(chart.inside, "path", centre)];
  });
  return ({ mixture }) =>
    nodes.forEach(([shape, centre], k) => {
      const used = k < (mixture?.means.length ?? 0);
      shape.style.display = centre.style.display = used ? "" : "none";
      if (!used) return;
      const [x, y] = mixture.centres[k];
      const [[a, b], [c, d]] = mixture.ellipses[k];
      shape.setAttribute("d", chart.path(CIRCLE.map(([u, v]) => [x + a * u + b * v, y + c * u + d * v])));
      chart.place(centre, [x, y]);
    });
}

// Curves beside the samples; the one that belongs to the frame is thick, up to the ring that marks where we are.
function drawCurves(chart, spec, place) {
  const nodes = spec.curves.map(({ colour, dash, rows }) => {
    const style = { fill: "none", stroke: colour, "stroke-dasharray": dash, "stroke-width": 1.6 };
    return add(chart.inside, "path", { d: chart.path(rows), ...style });
  });
  for (const { colour, marker, rows } of spec.curves)
    for (const row of marker ? rows : [])
      chart.place(add(chart.inside, "path", { d: marker, fill: colour, stroke: DARK, "stroke-width": 0.4 }), row);
  const grown = add(chart.inside, "path", { fill: "none", stroke: DARK, "stroke-width": 3 });
  const ring = add(chart.inside, "circle", { r: 8, fill: "none", stroke: DARK, "stroke-width": 2.5, class: "gmmlab-ring" });
  return (frame) => {
    const [curve, x, y] = frame.marks[place];
    nodes.forEach((node, i) => node.setAttribute("stroke-width", i === curve ? 3 : 1.6));
    if (spec.grows) grown.setAttribute("d", chart.path(spec.curves[curve].rows.filter((row) => row[0] <= x)));
    const [low, high] = spec.ylim;
    chart.place(ring, [x, Math.min(Math.max(y, low), high)]); // at the edge for what is off the chart
  };
}

function drawLegend(parent, entries) {
  const list = add(parent, "ul", { class: "gmmlab-legend" });
  for (const { text, ...style } of entries) {
    const item = add(list, "li");
    const key = add(item, "svg", { viewBox: "-14 -8 28 16", width: 28, height: 16, "aria-hidden": "true" });
    add(key, "path", { stroke: DARK, fill: "none", "stroke-width": 1, ...style });
    add(item, "span", {}, text);
  }
}

function addControl(form, control, value, changed) {
  const label = add(form, "label", {}, `${control.label} `);
  if (control.kind === "list") {
    const list = add(label, "select");
    control.values.forEach((text, i) => add(list, "option", { value: i }, text));
    list.value = value;
    list.addEventListener("change", () => changed(Number(list.value)));
    return (now) => (list.value = now);
  }
  const { min = 0, max = control.values.length - 1, step = 1 } = control;
  const slider = add(label, "input", { type: "range", min, max, step, "aria-label": control.label });
  const shown = add(label, "output", { class: "gmmlab-value", "aria-hidden": "true" });
  slider.addEventListener("input", () => changed(Number(slider.value)));
  const show = (now) => {
    slider.value = now;
    shown.textContent = control.values ? control.values[now] : Number(now).toFixed(control.digits);
    slider.setAttribute("aria-valuetext", shown.textContent);
  };
  show(value);
  return show;
}

// A button that moves one control on, frame by frame, to its end.
function addPlay(form, last, position, move, quiet) {
  const button = add(form, "button", { type: "button" }, "Play");
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
    button.textContent = "Play";
    quiet(false);
  };
  button.addEventListener("click", () => {
    if (timer !== null) return stop();
    button.textContent = "Pause";
    quiet(true);
    if (position() >= last) move(0);
    timer = setInterval(() => (position() < last && button.isConnected ? move(position() + 1) : stop()), STEP);
  });
  return stop;
}

// A point to drag: by the pointer on the chart, or by a slider for each axis.
function addProbe(form, beside, chart, scene, told) {
  const node = add(chart.inside, "g", { class: "gmmlab-probe" });
  add(node, "circle", { r: 11, fill: "none", stroke: DARK, "stroke-width": 2.5 });
  const core = add(node, "path", { stroke: DARK, "stroke-width": 1 });
  const bars = add(beside, "ul", { class: "gmmlab-bars", "aria-label": "responsibilities of the point" });
  const rows = scene.frames[0].mixture.means.map((_, k) => {
    const row = add(bars, "li");
    add(row, "span", {}, `component ${k}`);
    const bar = add(add(row, "span", { class: "gmmlab-track" }), "span", { style: `background: ${scene.look.colours[k]}` });
    return [bar, add(row, "span", { class: "gmmlab-value" })];
  });
  let at = scene.probe;
  const shows = [];
  const move = (to) => {
    at = to;
    const { shares, logDensity } = responsibilities(scene.frames[0].mixture, at);
    const owner = shares.indexOf(Math.max(...shares));
    chart.place(node, at);
    core.setAttribute("d", scene.look.markers[owner]);
    core.setAttribute("fill", scene.look.colours[owner]);
    rows.forEach(([bar, value], k) => {
      bar.style.width = `${100 * shares[k]}%`;
      value.textContent = shares[k].toFixed(3);
    });
    shows.forEach((show, axis) => show(at[axis]));
    told(
      `Responsibilities ${shares.map((share, k) => `of component ${k}: ${share.toFixed(3)}`).join(", ")}. ` +
        `Log density: ${logDensity.toFixed(1)}.`,
    );
  };
  for (const [axis, limits] of [chart.spec.xlim, chart.spec.ylim].entries()) {
    const step = (limits[1] - limits[0]) / 200;
    const digits = Math.max(0, Math.round(-Math.log10(step)));
    const control = { label: axis ? chart.spec.y : chart.spec.x, min: limits[0], max: limits[1], step, digits };
    shows.push(addControl(form, control, at[axis], (value) => move(at.map((old, i) => (i === axis ? value : old)))));
  }
  const nearest = (to) => {
    const away = ([x, y]) => Math.hypot(chart.x(x) - chart.x(to[0]), chart.y(y) - chart.y(to[1]));
    const closest = scene.points.reduce((best, point) => (away(point) < away(best) ? point : best));
    return away(closest) < NEAR ? closest : to;
  };
  chart.svg.classList.add("gmmlab-drag");
  chart.svg.addEventListener("pointerdown", (event) => {
    chart.svg.setPointerCapture(event.pointerId);
    move(nearest(chart.under(event)));
    event.preventDefault();
  });
  chart.svg.addEventListener("pointermove", (event) => {
    if (chart.svg.hasPointerCapture(event.pointerId)) move(chart.under(event));
  });
  move(at);
}

function render({ model, el }) {
  const scene = model.get("scene");
  el.classList.add("gmmlab-explorer");
  const root = add(el, "section", { "aria-label": scene.name });
  const form = add(root, "form", { class: "gmmlab-controls" });
  form.addEventListener("submit", (event) => event.preventDefault());
  // A hidden copy of the longest sentence keeps the place, so that no sentence that wraps moves the charts.
  const telling = add(root, "div", { class: "gmmlab-telling" });
  const longest = add(telling, "p", { class: "gmmlab-longest", "aria-hidden": "true" });
  const keep = (text) => text.length > longest.textContent.length && (longest.textContent = text);
  for (const { text } of scene.frames) keep(text);
  const said = add(telling, "p", { class: "gmmlab-said", role: "status", "aria-live": "polite" });
  const charts = add(root, "div", { class: "gmmlab-charts" });
  const [main, beside] = [add(charts, "div"), add(charts, "div")];
  const chart = new Chart(main, scene.chart);
  drawLegend(main, scene.legend);
  const parts = [drawSamples(chart, scene), drawEllipses(chart, scene)];
  scene.sides.forEach((side, place) => {
    const height = scene.sides.length > 1 ? BOX.low : BOX.height;
    parts.push(drawCurves(new Chart(beside, side, height), side, place));
  });
  drawLegend(beside, scene.sides[0]?.legend ?? []); // the sides of a scene speak of the same curves

  const at = [...scene.start];
  const update = () => {
    const index = scene.controls.reduce((sum, { values }, c) => sum * values.length + at[c], 0);
    for (const part of parts) part(scene.frames[index]);
    if (scene.frames[index].text) said.textContent = scene.frames[index].text;
  };
  let stop = () => {};
  scene.controls.forEach((control, c) => {
    const show = addControl(form, control, at[c], (value) => {
      stop();
      move(value);
    });
    const move = (value) => {
      at[c] = value;
      show(value);
      update();
    };
    const quiet = (playing) => said.setAttribute("aria-live", playing ? "off" : "polite");
    if (control.plays) stop = addPlay(form, control.values.length - 1, () => at[c], move, quiet);
  });
  update();
  if (scene.probe) addProbe(form, beside, chart, scene, (text) => {
    said.textContent = text;
    keep(`${text} 0000.0`);
  });
  // Else JupyterLab takes the arrow keys for itself; it looks for this mark on the element in focus first.
  for (const node of form.elements) node.setAttribute("data-lm-suppress-shortcuts", "true");
  return () => stop();
}

export default { render };
