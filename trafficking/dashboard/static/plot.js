// The live plot. uPlot stands in front of this text (see plot.py), so that both are one ES module.
// Two panels share one y axis: the hour after an insulin change, and the whole run; a low insulin panel lies under each.

const LOG_FLOOR = -3; // log10 nM: 1 pM, the lowest dose that the insulin axis tells from none

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const dash = (pattern) => pattern.map((length) => length * devicePixelRatio);

// No insulin lies so far under the lowest dose shown that the labels of the two do not touch.
const noneHeight = ({ floor, roof }) => floor - Math.max(0.6, 0.35 * (roof - floor));
const doseHeight = (nM, view) => (nM > 0 ? Math.max(Math.log10(nM), view.floor) : noneHeight(view));

function doseText(height, floor) {
  if (height < floor - 0.3) return "0";
  return String(Number((10 ** height).toPrecision(2)));
}

function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough);
}

const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200];

function timeUnit(range) {
  if (range <= 180) return ["min", 1];
  return range <= 5 * 1440 ? ["h", 60] : ["d", 1440];
}

function timeText(minutes) {
  const sign = minutes < 0 ? "−" : "";
  const whole = Math.round(Math.abs(minutes));
  if (whole < 60) return `${sign}${whole} min`;
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  return `${sign}${hours} h${rest ? ` ${rest} min` : ""}`;
}

const count = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

// One uPlot: receptors, or insulin under it. `panel` names the side and gives the time axis.
class Chart {
  constructor(host, panel, kind, lines, wide) {
    Object.assign(this, { host, panel, kind, lines, wide, view: null });
    const ink = css("--muted");
    const grid = { stroke: css("--grid"), width: 1 };
    const font = `${Math.round(12 * this.scale())}px ${css("--font")}`;
    const leftLabels = panel === "hour" || !wide;
    const rightLabels = panel === "whole" || !wide;
    const axis = { stroke: ink, font, ticks: { show: false }, grid: { show: false } };
    const left = { ...axis, scale: "y", side: 3, grid, size: (leftLabels ? 50 : 12) * this.scale(), gap: 6 };
    const right = { ...axis, scale: "y", side: 1, size: (rightLabels ? 62 : 12) * this.scale(), gap: 6 };
    const time = { ...axis, scale: "x", grid, gap: 4, size: kind === "insulin" ? 26 * this.scale() : 4, space: 50 };
    time.splits = (u) => this.timeSplits(u);
    time.values = (u, splits) =>
      kind === "insulin" ? splits.map((v) => `${Math.round((v / this.unit()[1]) * 10) / 10}`.replace("-", "−")) : splits.map(() => "");
    if (kind === "receptors") {
      left.splits = () => this.ladder((this.view.top / this.view.base) * 100).map((p) => (p * this.view.base) / 100);
      left.values = (u, s) => s.map((v) => (leftLabels ? `${Math.round((v / this.view.base) * 100)} %` : ""));
      right.splits = () => this.ladder(this.view.top);
      right.values = (u, s) => s.map((v) => (rightLabels ? count.format(v) : ""));
    } else {
      left.splits = () => this.doseLadder();
      left.values = (u, s) => s.map((v) => (leftLabels ? doseText(v, this.view.floor) : ""));
      right.values = (u, s) => s.map(() => "");
    }
    const stepped = uPlot.paths.stepped({ align: 1 });
    const series =
      kind === "receptors"
        ? lines.map((line) => ({
            scale: "y", stroke: css(`--${line.key}`), width: line.width, dash: line.dash, points: { show: false },
          }))
        : [{ scale: "y", stroke: css("--insulin"), width: 1.5, fill: css("--insulin-fill"), paths: stepped,
             fillTo: () => noneHeight(this.view) - 1, points: { show: false } },
           { scale: "y", stroke: css("--muted"), width: 1, dash: [2, 4], paths: stepped, points: { show: false } }];
    const options = {
      width: 300, height: 100, legend: { show: false }, padding: [kind === "receptors" ? 22 * this.scale() : 8, 0, 0, 0],
      cursor: { y: false, drag: { x: false, y: false, setScale: false }, points: { show: kind === "receptors", size: 7 },
                sync: { key: `${panel}-${Chart.serial}` } },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: [time, left, right], series: [{}, ...series],
      hooks: { drawAxes: [(u) => this.other(u)], draw: [(u) => this.marks(u)], setCursor: [(u) => this.onCursor?.(u)] },
    };
    this.plot = new uPlot(options, [[], ...series.map(() => [])], host);
  }

  scale() {
    return Math.min(Math.max(innerWidth / 1500, 1), 1.5);
  }

  range() {
    return this.view ? this.view[this.panel] : [0, 60];
  }

  unit() {
    const [from, to] = this.range();
    return timeUnit(to - from);
  }

  timeSplits(u) {
    const [from, to] = this.range();
    const origin = this.panel === "hour" ? 0 : from;
    const room = Math.max(Math.floor(u.bbox.width / devicePixelRatio / 56), 2);
    const step = TIME_STEPS.find((s) => (to - from) / s <= room) ?? 86400;
    const splits = [];
    for (let t = Math.ceil((from - origin) / step) * step + origin; t <= to; t += step) splits.push(t);
    return splits;
  }

  ladder(top) {
    const step = niceStep(top, 7);
    const rungs = [];
    for (let v = 0; v <= top; v += step) rungs.push(v);
    return rungs;
  }

  doseLadder() {
    const { floor, roof } = this.view;
    const rungs = this.view.none ? [noneHeight(this.view)] : [];
    const every = roof - floor > 3.5 ? 2 : 1;
    for (let v = Math.ceil(floor); v <= roof; v += every) rungs.push(v);
    return rungs;
  }

  show(view, columns, plan, ghost) {
    this.view = view;
    this.ghost = ghost;
    const [from, to] = this.range();
    const u = this.plot;
    u.batch(() => {
      if (this.kind === "receptors") {
        u.setData([columns[0], ...columns.slice(2)], false);
        u.setScale("y", { min: 0, max: view.top });
      } else {
        const heights = Array.from(columns[1], (nM) => doseHeight(nM, view));
        u.setData(plan && plan.length ? joined(columns[0], heights, plan, view) : [columns[0], heights, heights.map(() => null)], false);
        u.setScale("y", { min: view.none ? noneHeight(view) - 0.2 : view.floor - 0.1, max: view.roof + 0.25 });
      }
      u.setScale("x", { min: from, max: to });
    });
  }

  // The course that was left when the run was taken back: the same colours, pale and finely broken.
  other(u) {
    if (!this.view || !this.ghost) return;
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const shift = this.panel === "hour" ? this.view.origin : 0;
    const [times, insulin, ...lines] = this.ghost;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.globalAlpha = 0.55;
    ctx.setLineDash(dash([2, 3]));
    const trace = (values, colour, width, stepped) => {
      ctx.beginPath();
      ctx.strokeStyle = css(colour);
      ctx.lineWidth = width * ratio;
      for (let i = 0; i < times.length; i += 1) {
        const x = u.valToPos(times[i] - shift, "x", true);
        if (stepped && i) ctx.lineTo(x, u.valToPos(values[i - 1], "y", true));
        ctx.lineTo(x, u.valToPos(values[i], "y", true));
      }
      ctx.stroke();
    };
    if (this.kind === "insulin") trace(Array.from(insulin, (nM) => doseHeight(nM, this.view)), "--insulin", 1.5, true);
    else lines.forEach((values, k) => trace(values, `--${this.lines[k].key}`, this.lines[k].width * 0.8, false));
    ctx.restore();
  }

  // The time to go back to, while it is being chosen.
  choice(u) {
    if (this.picked == null || this.panel !== "whole") return;
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const x = u.valToPos(this.picked, "x", true);
    ctx.setLineDash([]);
    ctx.strokeStyle = ctx.fillStyle = css("--accent");
    ctx.lineWidth = 2 * ratio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (this.kind !== "receptors") return;
    ctx.beginPath();
    ctx.moveTo(x - 7 * ratio, bbox.top);
    ctx.lineTo(x + 7 * ratio, bbox.top);
    ctx.lineTo(x, bbox.top + 10 * ratio);
    ctx.fill();
  }

  // Moments at which insulin changed: a hairline through both panels, its dose on top; a filled foot where a hand did it.
  marks(u) {
    if (!this.view) return;
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const [from, to] = this.range();
    const shift = this.panel === "hour" ? this.view.origin : 0;
    ctx.save();
    ctx.font = `500 ${Math.round(11.5 * this.scale() * ratio)}px ${css("--font")}`;
    ctx.textBaseline = "bottom";
    let free = -Infinity;
    for (const [time, label, byHand] of this.view.marks) {
      if (time - shift < from || time - shift > to) continue;
      const x = Math.round(u.valToPos(time - shift, "x", true)) + 0.5;
      ctx.strokeStyle = css(byHand ? "--accent" : "--muted");
      ctx.lineWidth = (byHand ? 1.5 : 1) * ratio;
      ctx.setLineDash(byHand ? [] : dash([3, 3]));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top - (this.kind === "receptors" ? 3 * ratio : 8 * ratio));
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (this.kind !== "receptors") continue;
      const width = ctx.measureText(label).width;
      const start = Math.min(Math.max(x - width / 2, bbox.left), bbox.left + bbox.width - width);
      if (start < free + 6 * ratio) continue;
      ctx.fillStyle = css(byHand ? "--accent" : "--muted");
      ctx.fillText(label, start, bbox.top - 5 * ratio);
      free = start + width;
    }
    if (this.kind === "receptors") this.heads(u);
    this.names(u, ratio);
    this.choice(u);
    ctx.restore();
  }

  // What the axes count, where their numbers stand.
  names(u, ratio) {
    const { ctx, bbox } = u;
    ctx.setLineDash([]);
    ctx.font = `${Math.round(11.5 * this.scale() * ratio)}px ${css("--font")}`;
    if (this.panel === "hour" && this.wide) return;
    const edge = bbox.left + bbox.width + 6 * ratio;
    if (this.kind === "insulin") {
      ctx.textBaseline = "top";
      ctx.fillStyle = css("--insulin");
      ctx.fillText("insulin,", edge, bbox.top);
      ctx.fillText("nM", edge, bbox.top + 14 * this.scale() * ratio);
    } else {
      ctx.textBaseline = "bottom";
      ctx.fillStyle = css("--muted");
      ctx.fillText("receptors", edge, bbox.top - 5 * ratio);
    }
  }

  // A dot where each line ends now: the eye finds the present.
  heads(u) {
    const times = u.data[0];
    if (!times.length) return;
    const last = times.length - 1;
    const [from, to] = this.range();
    if (times[last] < from || times[last] > to) return;
    const { ctx } = u;
    const x = u.valToPos(times[last], "x", true);
    this.lines.forEach((line, i) => {
      ctx.beginPath();
      ctx.fillStyle = css(`--${line.key}`);
      ctx.arc(x, u.valToPos(u.data[i + 1][last], "y", true), (line.width + 1.2) * devicePixelRatio, 0, 7);
      ctx.fill();
    });
  }
}
Chart.serial = 0;

// What has been and what the scenario plans, on one time axis as uPlot wants it.
function joined(times, heights, plan, view) {
  const x = [...times];
  const past = [...heights];
  const future = heights.map(() => null);
  if (x.length) future[x.length - 1] = past[past.length - 1];
  for (const [time, nM] of plan) {
    if (x.length && time <= x[x.length - 1]) continue;
    x.push(time);
    past.push(null);
    future.push(doseHeight(nM, view));
  }
  return [x, past, future];
}

function render({ model, el }) {
  el.classList.add("plot");
  el.innerHTML = `
    <div class="plot-panels" role="img" aria-label="Receptors over time">
      <figure class="plot-hour"><figcaption><b></b> <span class="plot-axis"></span></figcaption>
        <div class="plot-receptors"></div><div class="plot-insulin"></div></figure>
      <figure class="plot-whole"><figcaption><b></b> <span class="plot-axis"></span></figcaption>
        <div class="plot-receptors"></div><div class="plot-insulin"></div></figure>
    </div><div class="plot-tip" hidden></div>`;
  const panels = el.querySelector(".plot-panels");
  const tip = el.querySelector(".plot-tip");
  const quiet = matchMedia("(prefers-reduced-motion: reduce)");
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  let charts = [];
  let wanted = 0;

  const figure = (panel) => el.querySelector(`.plot-${panel}`);

  function build() {
    charts.forEach(({ plot }) => plot.destroy());
    Chart.serial += 1;
    const wide = panels.clientWidth >= 560;
    panels.classList.toggle("wide", wide);
    charts = ["hour", "whole"].flatMap((panel) =>
      ["receptors", "insulin"].map((kind) => {
        const chart = new Chart(figure(panel).querySelector(`.plot-${kind}`), panel, kind, model.get("lines"), wide);
        if (kind === "receptors") chart.onCursor = (u) => tell(chart, u);
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

  function floatsOf(name) {
    const frame = model.get(name);
    const bytes = frame.byteOffset % 4 ? frame.buffer.slice(frame.byteOffset) : frame.buffer;
    return new Float32Array(bytes, frame.byteOffset % 4 ? 0 : frame.byteOffset, frame.byteLength / 4);
  }

  function other() {
    const floats = floatsOf("ghost");
    const width = model.get("lines").length + 2;
    const rows = floats.length / width;
    return rows ? Array.from({ length: width }, (_, k) => floats.subarray(k * rows, (k + 1) * rows)) : null;
  }

  function unpack() {
    const view = model.get("view");
    const width = model.get("lines").length + 2;
    const floats = floatsOf("frame");
    let at = 0;
    const take = (rows) => Array.from({ length: width }, () => floats.subarray(at, (at += rows)));
    return { whole: take(view.rows[0]), hour: take(view.rows[1]) };
  }

  function draw() {
    wanted = 0;
    const view = model.get("view");
    if (!view.rows) return;
    const columns = unpack();
    const ghost = other();
    for (const chart of charts) {
      chart.picked = model.get("picking") ? model.get("picked_min") : null;
      chart.show(view, columns[chart.panel], chart.panel === "whole" ? model.get("plan") : null, ghost);
    }
    panels.classList.toggle("picking", model.get("picking"));
    for (const panel of ["hour", "whole"]) {
      const unit = { min: "minutes", h: "hours", d: "days" }[timeUnit(view[panel][1] - view[panel][0])[0]];
      figure(panel).querySelector("b").textContent = view.titles[panel];
      figure(panel).querySelector(".plot-axis").textContent = `${unit} ${view.since[panel]}`;
    }
    panels.setAttribute("aria-label", view.text);
  }

  // What lies under the cursor, with units.
  function tell(chart, u) {
    const i = u.cursor.idx;
    if (i == null || u.cursor.left < 0 || u.data[0][i] == null) {
      tip.hidden = true;
      return;
    }
    const base = model.get("view").base;
    const rows = chart.lines.map((line, k) => {
      const value = u.data[k + 1][i];
      return `<tr><td><i style="background:var(--${line.key})"></i>${line.label}</td><td>${count.format(value)}</td><td>${((value / base) * 100).toFixed(1)} %</td></tr>`;
    });
    tip.innerHTML = `<b>${timeText(u.data[0][i])}</b><table>${rows.join("")}</table>`;
    tip.hidden = false;
    const box = el.getBoundingClientRect();
    const over = u.over.getBoundingClientRect();
    const x = over.left - box.left + u.cursor.left;
    tip.style.left = `${x + tip.offsetWidth + 24 > box.width ? x - tip.offsetWidth - 14 : x + 14}px`;
    tip.style.top = `${over.top - box.top + 8}px`;
  }

  const acknowledge = () => model.send({ acknowledged: model.get("seq"), reduced: quiet.matches });

  function arrive() {
    el.dataset.seq = model.get("seq");
    acknowledge();
    redraw();
  }

  // A touch of the whole run chooses the time to go back to.
  function pick(event) {
    const chart = charts.find((each) => each.panel === "whole" && each.kind === "receptors");
    const box = chart.plot.over.getBoundingClientRect();
    const [from, to] = chart.range();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
    model.send({ picked_min: from + share * (to - from) });
  }
  const whole = figure("whole");
  let held = false;
  whole.addEventListener("pointerdown", (event) => {
    if (!model.get("picking") || event.button) return;
    held = true;
    whole.setPointerCapture(event.pointerId);
    pick(event);
    event.preventDefault();
  });
  whole.addEventListener("pointermove", (event) => held && pick(event));
  for (const end of ["pointerup", "pointercancel"]) whole.addEventListener(end, () => (held = false));

  const redraw = () => {
    if (!wanted) wanted = requestAnimationFrame(draw);
  };
  const watcher = new ResizeObserver(() => {
    if (panels.clientWidth >= 560 !== panels.classList.contains("wide")) build();
    else fit();
  });
  model.on("change:seq", arrive);
  for (const trait of ["picking", "picked_min", "ghost"]) model.on(`change:${trait}`, redraw);
  quiet.addEventListener("change", acknowledge);
  darkness.addEventListener("change", build);
  // A frame may be lost with the link; saying "still here" lets the run go on from the next one.
  const pulse = setInterval(acknowledge, 5000);
  build();
  for (const place of [panels, ...el.querySelectorAll(".plot-receptors, .plot-insulin")]) watcher.observe(place);
  el.dataset.seq = model.get("seq");
  acknowledge();

  return () => {
    clearInterval(pulse);
    watcher.disconnect();
    cancelAnimationFrame(wanted);
    model.off("change:seq", arrive);
    for (const trait of ["picking", "picked_min", "ghost"]) model.off(`change:${trait}`, redraw);
    quiet.removeEventListener("change", acknowledge);
    darkness.removeEventListener("change", build);
    charts.forEach(({ plot }) => plot.destroy());
  };
}

export default { render };
