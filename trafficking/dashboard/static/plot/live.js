function render({ model, el }) {
  el.classList.add("plot");
  el.innerHTML = `
    <div class="plot-panels">
      <figure class="plot-hour" tabindex="0" role="group"><figcaption><b></b> <span class="plot-axis"></span></figcaption>
        <div class="plot-receptors"></div><div class="plot-insulin"></div></figure>
      <figure class="plot-whole" tabindex="0" role="group"><figcaption><b></b> <span class="plot-axis"></span></figcaption>
        <div class="plot-receptors"></div><div class="plot-insulin"></div></figure>
    </div><div class="plot-tip" hidden></div><p class="plot-spoken unseen" role="status"></p>`;
  const panels = el.querySelector(".plot-panels");
  const tip = el.querySelector(".plot-tip");
  const spoken = el.querySelector(".plot-spoken");
  const figure = (panel) => el.querySelector(`.plot-${panel}`);
  const TRAITS = ["picking", "picked_min", "ghost", "hidden", "logarithmic", "band", "measured"];
  let charts = [];
  let lit = null; // the line whose row of the legend is pointed at
  let wanted = 0;

  const redraw = () => {
    if (!wanted) wanted = requestAnimationFrame(draw);
  };
  const zoom = new Zoom(() => {
    model.set("zoom", zoom.known);
    model.save_changes();
  });

  function zoomed() {
    zoom.take(model.get("zoom"));
    el.dataset.zoomed = zoom.on;
    redraw();
  }

  // What a chart is built for: other letters or another arrangement need another one.
  const size = () => `${panels.clientWidth >= 560} ${Math.round(12 * Chart.prototype.scale())}`;
  let built = "";

  function build() {
    charts.forEach(({ plot }) => plot.destroy());
    Chart.serial += 1;
    const wide = panels.clientWidth >= 560;
    panels.classList.toggle("wide", wide);
    built = size();
    charts = ["hour", "whole"].flatMap((panel) =>
      ["receptors", "insulin"].map((kind) => {
        const chart = new Chart(figure(panel).querySelector(`.plot-${kind}`), panel, kind, model.get("lines"), wide);
        if (kind === "receptors") chart.onCursor = (u) => tell(chart, u);
        chart.onZoom = (ends) => !model.get("picking") && zoom.set(panel, ends);
        return chart;
      }));
    fit();
    draw();
  }

  function fit() {
    for (const { plot, host } of charts) {
      const { clientWidth, clientHeight } = host;
      const fits = plot.width === clientWidth && plot.height === clientHeight;
      if (!fits && clientWidth > 40 && clientHeight > 20) plot.setSize({ width: clientWidth, height: clientHeight });
    }
  }

  // The columns of a trait of bytes, `rows` of them long; all there are if rows is not given.
  function columnsOf(name, width, at = 0, rows = null) {
    const bytes = model.get(name);
    const whole = bytes.byteOffset % 4 ? bytes.buffer.slice(bytes.byteOffset) : bytes.buffer;
    const floats = new Float32Array(whole, bytes.byteOffset % 4 ? 0 : bytes.byteOffset, bytes.byteLength / 4);
    const n = rows ?? floats.length / width;
    return n ? Array.from({ length: width }, (_, k) => floats.subarray(at + k * n, at + (k + 1) * n)) : null;
  }

  // Both ends of the axis of receptors: with lines hidden it is the highest of the others that sets it.
  function axis(view, whole) {
    const [log, lines] = [model.get("logarithmic"), model.get("lines")];
    const hidden = model.get("hidden").filter((key) => key !== lit);
    let [top, low] = [0, Infinity];
    lines.forEach(({ key }, k) => {
      if (hidden.includes(key)) return;
      for (const value of whole[k + 2]) {
        if (value > top) top = value;
        if (value > 0 && value < low) low = value;
      }
    });
    top = hidden.length && top > 0 ? 1.08 * top : view.top;
    return { log, hidden, lit, top, low: Math.max(Math.min(0.8 * low, top / 10), top / 10 ** DECADES) };
  }

  function draw() {
    wanted = 0;
    const view = model.get("view");
    if (!view.rows) return;
    const width = model.get("lines").length + 2;
    const [rows, more] = view.rows;
    const columns = { whole: columnsOf("frame", width, 0, rows), hour: columnsOf("frame", width, rows * width, more) };
    const empty = Array.from({ length: width }, () => new Float32Array());
    const how = { ...axis(view, columns.whole ?? empty), measured: model.get("measured") };
    const [ghost, band] = [columnsOf("ghost", width), columnsOf("band", 1 + 3 * model.get("lines").length)];
    const picking = model.get("picking");
    for (const chart of charts) {
      const plan = chart.panel === "whole" ? model.get("plan") : null;
      chart.picked = picking ? model.get("picked_min") : null;
      chart.zoomed = zoom.of(chart.panel, view[chart.panel]);
      chart.plot.cursor.drag.x = !picking;
      chart.show(view, { columns: columns[chart.panel] ?? empty, plan, ghost, band }, how);
    }
    panels.classList.toggle("picking", picking);
    el.dataset.scale = how.log ? "log" : "linear";
    for (const panel of ["hour", "whole"]) caption(panel, view);
  }

  function caption(panel, view) {
    const [from, to] = charts.find((chart) => chart.panel === panel).range();
    const [short] = timeUnit(to - from);
    const unit = { min: "minutes", h: "hours", d: "days" }[short];
    const title = view.titles[panel];
    figure(panel).querySelector("b").textContent = title;
    const part = zoom.of(panel, view[panel]) ? ", part" : "";
    const axis = figure(panel).querySelector(".plot-axis");
    axis.textContent = `${unit} ${view.since[panel]}${part}`;
    const line = axis.parentElement;
    const cut = () => line.scrollWidth > line.clientWidth;
    line.classList.remove("tight");
    if (cut()) axis.textContent = `${short}${part}`; // no half words in a narrow panel
    if (cut()) line.classList.add("tight"); // over the numbers of the axis too
    figure(panel).setAttribute("aria-label", `${title}. ${view.text} Arrows read values, plus and minus zoom, Escape shows all.`);
  }

  function tell(chart, u) {
    const point = u.cursor.left >= 0 && chart.view ? nearestMeasured(chart, u) : null;
    const seen = point ? null : chart.view && moment(chart, u);
    tip.hidden = !point && !seen;
    if (tip.hidden) return;
    tip.classList.toggle("measured", Boolean(point));
    if (point) fillMeasured(tip, point);
    else fillTip(tip, seen);
    const box = el.getBoundingClientRect();
    const over = u.over.getBoundingClientRect();
    const x = over.left - box.left + u.cursor.left;
    tip.style.left = `${Math.max(x + tip.offsetWidth + 24 > box.width ? x - tip.offsetWidth - 14 : x + 14, 0)}px`;
    tip.style.top = `${over.top - box.top + 8}px`;
  }

  const acknowledge = () => model.send({ acknowledged: model.get("seq"), reduced: quiet() });

  function arrive() {
    el.dataset.seq = model.get("seq");
    document.dispatchEvent(new Event("answered"));
    acknowledge();
    redraw();
  }

  // -- keys: arrows read, + and - zoom, with Shift arrows move what is in view

  const chartOf = (panel) => charts.find((chart) => chart.panel === panel && chart.kind === "receptors");

  // Where the eye is: at the cursor, at the present, or in the middle.
  function centre(chart) {
    const [from, to] = chart.range();
    const { left } = chart.plot.cursor;
    if (left >= 0 && !tip.hidden) return chart.plot.posToVal(left, "x");
    const times = chart.plot.data[0];
    const last = times[times.length - 1];
    return last > from && last < to ? last : (from + to) / 2;
  }

  function nearer(panel, way) {
    const chart = chartOf(panel);
    if (way === "all") return zoom.all();
    if (chart.view) zoom.step(panel, chart.whole(), centre(chart), way);
  }

  function read(panel, direction) {
    const chart = chartOf(panel);
    const u = chart.plot;
    const width = u.over.clientWidth;
    const start = u.cursor.left >= 0 ? u.cursor.left : u.valToPos(centre(chart), "x");
    u.setCursor({ left: Math.min(Math.max(start + (direction * width) / 40, 0), width - 1), top: 10 });
    const seen = moment(chart, u);
    if (seen) spoken.textContent = momentText(seen);
  }

  function hearKey(event) {
    const panel = event.currentTarget.classList.contains("plot-hour") ? "hour" : "whole";
    const direction = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction && event.shiftKey) zoom.shift(panel, chartOf(panel).whole(), direction / 4);
    else if (direction) read(panel, direction);
    else if (["+", "="].includes(event.key)) nearer(panel, "in");
    else if (["-", "−"].includes(event.key)) nearer(panel, "out");
    else if (event.key === "Escape" || event.key === "0") nearer(panel, "all");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function leave() {
    for (const { plot } of charts) plot.setCursor({ left: -10, top: -10 });
    tip.hidden = true;
  }

  // A touch of the whole run chooses the time to go back to.
  const whole = figure("whole");
  let held = false;
  function pick(event) {
    const box = chartOf("whole").plot.over.getBoundingClientRect();
    const [from, to] = chartOf("whole").range();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    model.send({ picked_min: from + share * (to - from) });
  }
  whole.addEventListener("pointerdown", (event) => {
    if (!model.get("picking") || event.button) return;
    held = true;
    whole.setPointerCapture(event.pointerId);
    pick(event);
    event.preventDefault();
  });
  whole.addEventListener("pointermove", (event) => held && pick(event));
  for (const end of ["pointerup", "pointercancel"]) whole.addEventListener(end, () => (held = false));
  for (const panel of ["hour", "whole"]) {
    figure(panel).addEventListener("keydown", hearKey);
    figure(panel).addEventListener("blur", leave);
  }

  const watcher = new ResizeObserver(() => {
    if (size() !== built) build();
    else fit();
  });
  el.addEventListener("zoom", (event) => nearer("whole", event.detail));
  el.addEventListener("light", (event) => {
    if (lit === event.detail) return;
    lit = event.detail;
    el.dataset.lit = lit ?? "";
    redraw();
  });
  model.on("change:seq", arrive);
  model.on("change:zoom", zoomed);
  for (const trait of TRAITS) model.on(`change:${trait}`, redraw);
  document.addEventListener("appearance", build);
  // A frame may be lost with the link; saying "still here" lets the run go on from the next one.
  const pulse = setInterval(acknowledge, 5000);
  build();
  zoomed();
  for (const place of [panels, ...el.querySelectorAll(".plot-receptors, .plot-insulin")]) watcher.observe(place);
  el.dataset.seq = model.get("seq");
  acknowledge();

  return () => {
    clearInterval(pulse);
    watcher.disconnect();
    cancelAnimationFrame(wanted);
    model.off("change:seq", arrive);
    model.off("change:zoom", zoomed);
    for (const trait of TRAITS) model.off(`change:${trait}`, redraw);
    document.removeEventListener("appearance", build);
    charts.forEach(({ plot }) => plot.destroy());
  };
}

export default { render };
