// Curves over one x axis. uPlot stands in front of this text (see chart.py), so that both are one ES module.
// A logarithmic axis is a linear one of logarithms, whose labels are written back.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200];
const SCALE = () => Math.min(Math.max(innerWidth / 1500, 1), 1.5);

function timeUnit(range) {
  if (range <= 180) return ["min", 1];
  return range <= 5 * 1440 ? ["h", 60] : ["d", 1440];
}

// Three digits at most, thousands apart, a true minus.
function number(value) {
  if (!Number.isFinite(value)) return "–";
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return new Intl.NumberFormat("en-GB", digits).format(value).replace("-", "−");
}

function timeText(minutes) {
  const whole = Math.round(Math.abs(minutes));
  const sign = minutes < 0 ? "−" : "";
  if (Math.abs(minutes) < 10 && whole !== Math.abs(minutes)) return `${number(minutes)} min`;
  if (whole < 60) return `${sign}${whole} min`;
  const [hours, rest] = [Math.floor(whole / 60), whole % 60];
  return `${sign}${hours} h${rest ? ` ${rest} min` : ""}`;
}

function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough * 0.9999);
}

class Scale {
  constructor(axis) {
    Object.assign(this, axis);
    this.logarithmic = axis.kind === "log";
  }

  to(value) {
    return this.logarithmic ? (value > 0 ? Math.log10(value) : null) : value;
  }

  from(place) {
    return this.logarithmic ? 10 ** place : place;
  }

  splits(from, to, most) {
    if (this.logarithmic) {
      const rungsOf = to - from < 1.2 ? [1, 2, 3, 5, 7] : to - from < 2.6 ? [1, 2, 5] : [1];
      const every = Math.max(Math.ceil((to - from) / most), 1);
      const rungs = [];
      for (let power = Math.floor(from / every) * every; power <= to; power += every)
        for (const m of rungsOf) rungs.push(power + Math.log10(m));
      return rungs.filter((rung) => rung >= from - 1e-9 && rung <= to + 1e-9);
    }
    const step = this.kind === "time"
      ? TIME_STEPS.find((s) => (to - from) / s <= most) ?? niceStep(to - from, most)
      : niceStep(to - from, most);
    const rungs = [];
    for (let k = Math.ceil(from / step - 1e-9); k * step <= to + 1e-9 * step; k++) rungs.push(k * step || 0); // no minus zero
    return rungs;
  }

  label(place, range) {
    return number(this.kind === "time" ? place / timeUnit(range)[1] : Number(this.from(place).toPrecision(10)));
  }

  name(range) {
    const unit = this.kind === "time" ? timeUnit(range)[0] : this.unit;
    return unit && !this.title.toLowerCase().includes(unit) ? `${this.title}, ${unit}` : this.title;
  }

  said(place) {
    if (this.kind === "time") return timeText(place);
    return `${number(this.from(place))}${this.unit ? ` ${this.unit}` : ""}`;
  }
}

const scaleOf = ({ label, ...axis }) => new Scale({ ...axis, title: label });

function swatch(curve) {
  const mark = curve.points ? `<circle cx="17" cy="5" r="3.6" fill="var(--${curve.colour})"/>` : "";
  const line = curve.line
    ? `<line x1="1" y1="5" x2="33" y2="5" stroke="var(--${curve.colour})" stroke-width="${curve.width + 0.5}" stroke-dasharray="${curve.dash.join(" ")}"/>`
    : "";
  return `<svg width="34" height="10" aria-hidden="true">${line}${mark}</svg>`;
}

// The value of a curve at a place between its points; null outside them.
function between(xs, ys, x) {
  let left = -1;
  for (let i = 0; i < xs.length; i++) {
    if (ys[i] == null) continue;
    if (xs[i] === x) return ys[i];
    if (xs[i] > x) return left < 0 ? null : ys[left] + ((ys[i] - ys[left]) * (x - xs[left])) / (xs[i] - xs[left]);
    left = i;
  }
  return null;
}

function render({ model, el }) {
  el.classList.add("chart");
  el.innerHTML = `
    <figure><figcaption><b></b><button type="button" class="chart-whole" hidden>Whole range</button></figcaption>
      <p class="chart-of answer-of"></p>
      <div class="chart-legend" role="group" aria-label="Curves shown"></div>
      <p class="chart-name"></p><div class="chart-plot" role="img"></div><p class="chart-foot"></p></figure>
    <div class="chart-tip" aria-hidden="true" hidden></div>`;
  const find = (selector) => el.querySelector(selector);
  const [host, legend, tip, whole] = [".chart-plot", ".chart-legend", ".chart-tip", ".chart-whole"].map(find);
  const off = new Set(); // labels of curves that the reader has put away
  let plot = null;
  let [x, y, columns, ends] = [null, null, [], null];

  function unpack(view) {
    const frame = model.get("frame");
    const bytes = frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength);
    const floats = new Float32Array(bytes);
    let at = 0;
    const take = (scale) => Array.from(floats.subarray(at, (at += view.rows)), (v) => (Number.isNaN(v) ? null : scale.to(v)));
    columns = [take(x)];
    for (const curve of view.curves) for (let k = 0; k < (curve.spread ? 3 : 1); k++) columns.push(take(y));
  }

  // The ends of the y axis for what is shown, with a little air where the data decide.
  function yRange(view) {
    let [low, high] = [Infinity, -Infinity];
    let at = 1;
    for (const curve of view.curves) {
      const width = curve.spread ? 3 : 1;
      for (let k = 0; k < width; k++, at++) {
        if (off.has(curve.label)) continue;
        for (const value of columns[at]) if (value != null) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
    }
    if (low > high) [low, high] = y.logarithmic ? [0, 1] : [0, 1];
    if (low === high) [low, high] = [low - (Math.abs(low) || 1) * 0.05, high + (Math.abs(high) || 1) * 0.05];
    const air = (high - low) * 0.06;
    return [y.low == null ? low - air : y.to(y.low), y.high == null ? high + air : y.to(y.high)];
  }

  function series(view) {
    return view.curves.flatMap((curve) => {
      const stroke = css(`--${curve.colour}`);
      const main = {
        scale: "y", stroke, pxAlign: 0, width: curve.line ? curve.width : 0, dash: curve.dash, spanGaps: true, show: !off.has(curve.label),
        points: { show: curve.points, size: 9, fill: stroke, stroke: css("--card"), width: 1.5, filter: null },
        paths: curve.line ? undefined : () => null,
      };
      const edge = { ...main, width: 0, points: { show: false }, paths: curve.line ? undefined : () => null };
      return curve.spread ? [main, edge, { ...edge }] : [main];
    });
  }

  function bands(view) {
    let at = 1;
    const found = [];
    for (const curve of view.curves) {
      if (curve.spread && curve.line) found.push({ series: [at + 2, at + 1], fill: `color-mix(in srgb, ${css(`--${curve.colour}`)} 18%, transparent)` });
      at += curve.spread ? 3 : 1;
    }
    return found;
  }

  function behind(u, view) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.font = `${Math.round(11.5 * SCALE() * ratio)}px ${css("--font")}`;
    ctx.textBaseline = "bottom";
    for (const region of view.regions) {
      const [a, b] = [x.to(region.low), x.to(region.high)].map((place) => u.valToPos(place, "x", true));
      const [left, right] = [Math.max(a, bbox.left), Math.min(b, bbox.left + bbox.width)];
      if (right <= left) continue;
      ctx.fillStyle = css(`--${region.colour}`);
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      ctx.fillStyle = css("--muted");
      const width = ctx.measureText(region.label).width;
      const start = Math.min(Math.max((left + right - width) / 2, bbox.left), bbox.left + bbox.width - width);
      ctx.fillText(region.label, start, bbox.top - 5 * ratio);
    }
    ctx.restore();
  }

  function inFront(u, view) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    const [from, to] = [u.scales.x.min, u.scales.x.max];
    ctx.save();
    ctx.font = `500 ${Math.round(11.5 * SCALE() * ratio)}px ${css("--font")}`;
    ctx.textBaseline = "bottom";
    ctx.fillStyle = ctx.strokeStyle = css("--muted");
    if (!y.logarithmic && u.scales.y.min < 0 && u.scales.y.max > 0) {
      const zero = Math.round(u.valToPos(0, "y", true)) + 0.5;
      ctx.fillRect(bbox.left, zero, bbox.width, ratio);
    }
    let free = -Infinity;
    for (const [value, label] of view.marks) {
      const place = x.to(value);
      if (place < from || place > to) continue;
      const at = Math.round(u.valToPos(place, "x", true)) + 0.5;
      ctx.setLineDash([3 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(at, bbox.top - 3 * ratio);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
      const width = ctx.measureText(label).width;
      const start = Math.min(Math.max(at - width / 2, bbox.left), bbox.left + bbox.width - width);
      if (start < free + 6 * ratio) continue;
      ctx.fillText(label, start, bbox.top - (view.regions.length ? 19 : 5) * ratio);
      free = start + width;
    }
    ctx.setLineDash([]);
    bars(u, view, ratio);
    ctx.restore();
  }

  // Error bars, where only points are drawn.
  function bars(u, view, ratio) {
    const { ctx } = u;
    let at = 1;
    for (const curve of view.curves) {
      if (curve.spread && !curve.line && !off.has(curve.label)) {
        ctx.strokeStyle = css(`--${curve.colour}`);
        ctx.lineWidth = 1.5 * ratio;
        u.data[0].forEach((place, i) => {
          const [low, high] = [u.data[at + 1][i], u.data[at + 2][i]];
          if (low == null || high == null) return;
          const px = u.valToPos(place, "x", true);
          ctx.beginPath();
          ctx.moveTo(px, u.valToPos(low, "y", true));
          ctx.lineTo(px, u.valToPos(high, "y", true));
          ctx.stroke();
        });
      }
      at += curve.spread ? 3 : 1;
    }
  }

  function build() {
    const view = model.get("view");
    plot?.destroy();
    plot = null;
    el.dataset.rows = view.rows ?? 0;
    if (!view.rows) {
      host.replaceChildren();
      tip.hidden = true;
      return;
    }
    [x, y] = [scaleOf(view.x), scaleOf(view.y)];
    unpack(view);
    const known = columns[0].filter((place) => place != null);
    const here = [view.x.low == null ? known[0] : x.to(view.x.low), view.x.high == null ? known[known.length - 1] : x.to(view.x.high)];
    if (here[0] === here[1]) here[1] = here[0] + 1;
    ends = here;
    const [ink, scale] = [css("--muted"), SCALE()];
    const font = `${Math.round(12 * scale)}px ${css("--font")}`;
    const axis = { stroke: ink, font, ticks: { show: false }, grid: { stroke: css("--grid"), width: 1 } };
    const rungs = (of, side) => (u, _, from, to) => of.splits(from, to, Math.max(Math.floor(u.bbox[side] / devicePixelRatio / (side === "width" ? 58 : 34)), 2));
    const labels = (of) => (u, splits) => {
      const range = of === x ? u.scales.x.max - u.scales.x.min : 0;
      return splits.map((place) => of.label(place, range));
    };
    const options = {
      width: Math.max(host.clientWidth, 60), height: Math.max(host.clientHeight, 60), legend: { show: false },
      padding: [(view.marks.length || view.regions.length ? 22 : 8) * scale + (view.marks.length && view.regions.length ? 14 : 0), 14, 0, 0],
      cursor: { y: false, drag: { x: true, y: false, setScale: true }, points: { size: 7 } },
      scales: {
        x: { time: false, range: (u, from, to) => (from == null || from === to ? ends : [from, to]) },
        y: { auto: false, range: () => yRange(view) },
      },
      axes: [
        { ...axis, scale: "x", size: 28 * scale, gap: 8, splits: rungs(x, "width"), values: labels(x) },
        { ...axis, scale: "y", size: 58 * scale, gap: 6, splits: rungs(y, "height"), values: labels(y) },
      ],
      series: [{}, ...series(view)], bands: bands(view),
      hooks: {
        drawClear: [(u) => behind(u, view)], draw: [(u) => inFront(u, view)], setCursor: [(u) => tell(u, view)],
        setScale: [(u, key) => key === "x" && zoomed(u)],
      },
    };
    plot = new uPlot(options, columns, host);
    whole.hidden = true;
    plot.setScale("x", { min: ends[0], max: ends[1] });
    dress(view);
  }

  function zoomed(u) {
    const { min, max } = u.scales.x;
    if (min == null) return;
    whole.hidden = Math.abs(min - ends[0]) + Math.abs(max - ends[1]) < 1e-6 * Math.abs(ends[1] - ends[0]);
    find(".chart-foot").textContent = x.name(max - min);
  }

  function dress(view) {
    find("b").textContent = view.title;
    find(".chart-of").textContent = view.of ?? "";
    find(".chart-name").textContent = y.name(0);
    find(".chart-foot").textContent = x.name(ends[1] - ends[0]);
    host.setAttribute("aria-label", view.text);
    const html = view.curves
      .map((curve) => `<button type="button" aria-pressed="${!off.has(curve.label)}" data-label="${escape(curve.label)}">${swatch(curve)}<span>${escape(curve.label)}</span></button>`)
      .join("");
    if (legend.dataset.html !== html) {
      const held = legend.contains(document.activeElement) ? document.activeElement.dataset.label : null;
      legend.innerHTML = legend.dataset.html = html;
      if (held !== null) [...legend.children].find((button) => button.dataset.label === held)?.focus();
    }
    legend.hidden = view.curves.length < 2;
    el.dataset.seq = view.seq;
  }

  // What lies under the cursor, with units.
  function tell(u, view) {
    const i = u.cursor.idx;
    if (i == null || u.cursor.left < 0 || u.data[0][i] == null) {
      tip.hidden = true;
      return;
    }
    const place = u.data[0][i];
    let at = 1;
    const rows = [];
    for (const curve of view.curves) {
      const value = curve.line ? between(u.data[0], u.data[at], place) : u.data[at][i];
      if (value != null && !off.has(curve.label)) {
        const ends = curve.spread ? [1, 2].map((k) => (curve.line ? between(u.data[0], u.data[at + k], place) : u.data[at + k][i])) : [];
        const spread = ends.every((end) => end != null) && ends.length ? `<td>${number(y.from(ends[0]))} to ${number(y.from(ends[1]))}</td>` : "";
        rows.push(`<tr><td><i style="background:var(--${curve.colour})"></i>${escape(curve.label)}</td><td>${escape(y.said(value))}</td>${spread}</tr>`);
      }
      at += curve.spread ? 3 : 1;
    }
    tip.innerHTML = `<b>${escape(x.said(place))}</b><table>${rows.join("")}</table>`;
    tip.hidden = !rows.length;
    const [box, over] = [el.getBoundingClientRect(), u.over.getBoundingClientRect()];
    const px = over.left - box.left + u.cursor.left;
    tip.style.left = `${Math.max(px + tip.offsetWidth + 24 > box.width ? px - tip.offsetWidth - 14 : px + 14, 0)}px`;
    tip.style.top = `${over.top - box.top + 8}px`;
  }

  legend.addEventListener("click", (event) => {
    const label = event.target.closest("button")?.dataset.label;
    if (label === undefined) return;
    if (!off.delete(label)) off.add(label);
    build();
  });
  whole.addEventListener("click", () => plot?.setScale("x", { min: ends[0], max: ends[1] }));
  const watcher = new ResizeObserver(() => {
    if (plot && host.clientWidth > 40 && host.clientHeight > 20) plot.setSize({ width: host.clientWidth, height: host.clientHeight });
  });
  watcher.observe(host);
  model.on("change:view", build);
  document.addEventListener("appearance", build);
  build();
  return () => {
    watcher.disconnect();
    model.off("change:view", build);
    document.removeEventListener("appearance", build);
    plot?.destroy();
  };
}

export default { render };
