const FAINT = 0.22; // of lines beside the one that is lit

// One uPlot: receptors, or insulin under it. `panel` names the side and gives the time axis.
class Chart {
  constructor(host, panel, kind, lines, wide) {
    Object.assign(this, { host, panel, kind, lines, wide, view: null, zoomed: null, hidden: [], log: false, low: 1, top: 1 });
    const options = {
      width: 300, height: 100, legend: { show: false }, padding: [(kind === "receptors" ? 22 : 8) * this.scale(), 0, 0, 0],
      cursor: {
        y: false, points: { show: kind === "receptors", size: 7 * stout() }, sync: { key: `${panel}-${Chart.serial}` },
        drag: { x: true, y: false, setScale: false, dist: 6 },
        bind: { dblclick: () => () => this.onZoom?.(null) },
      },
      scales: { x: { time: false, auto: false }, y: { auto: false } },
      axes: this.axes(), series: [{}, ...this.series()],
      hooks: {
        drawAxes: [(u) => paintBehind(this, u)], draw: [(u) => paintOver(this, u)],
        setCursor: [(u) => this.onCursor?.(u)], setSelect: [(u) => this.selected(u)],
      },
    };
    this.plot = new uPlot(options, [[], ...this.series().map(() => [])], host);
  }

  axes() {
    const { panel, kind, wide } = this;
    const font = `${Math.round(12 * this.scale())}px ${css("--font")}`;
    const grid = { stroke: css("--grid"), width: 1 };
    const [leftLabels, rightLabels] = [panel === "hour" || !wide, panel === "whole" || !wide];
    const axis = { stroke: css("--muted"), font, ticks: { show: false }, grid: { show: false } };
    const left = { ...axis, scale: "y", side: 3, grid, size: (leftLabels ? 50 : 12) * this.scale(), gap: 6 };
    const right = { ...axis, scale: "y", side: 1, size: (rightLabels ? 62 : 12) * this.scale(), gap: 6 };
    const time = { ...axis, scale: "x", grid, gap: 4, size: (kind === "insulin" ? 26 : 8) * this.scale(), space: 50 };
    time.splits = (u) => this.timeSplits(u);
    time.values = (u, splits) =>
      kind === "insulin" ? splits.map((v) => `${Math.round((v / this.unit()[1]) * 10) / 10}`.replace("-", "−")) : splits.map(() => "");
    if (kind === "receptors") {
      left.splits = () => this.rungs(this.view.base / 100);
      left.values = (u, s) => s.map((v) => (leftLabels ? percentText((this.lower(v) / this.view.base) * 100) : ""));
      right.splits = () => this.rungs(1);
      right.values = (u, s) => s.map((v) => (rightLabels ? count.format(this.lower(v)) : ""));
    } else {
      left.splits = () => this.doseLadder();
      left.values = (u, s) => s.map((v) => (leftLabels ? doseText(v, this.view.floor) : ""));
      right.values = (u, s) => s.map(() => "");
    }
    return [time, left, right];
  }

  series() {
    if (this.kind === "receptors")
      return this.lines.map((line) => ({
        scale: "y", stroke: css(`--${line.key}`), width: line.width * stout(),
        dash: line.dash.map((length) => length * stout()), points: { show: false },
      }));
    const stepped = uPlot.paths.stepped({ align: 1 });
    return [
      { scale: "y", stroke: css("--insulin"), width: 1.5 * stout(), fill: css("--insulin-fill"), paths: stepped,
        fillTo: () => noneHeight(this.view) - 1, points: { show: false } },
      { scale: "y", stroke: css("--muted"), width: 1, dash: [2, 4], paths: stepped, points: { show: false } },
    ];
  }

  scale() {
    return Math.min(Math.max(innerWidth / 1500, 1), 1.5) * (lecture() ? 1.3 : 1);
  }

  // All the time of the panel, and the part of it that is shown.
  whole() {
    return this.view ? this.view[this.panel] : [0, 60];
  }

  range() {
    return this.zoomed ?? this.whole();
  }

  unit() {
    const [from, to] = this.range();
    return timeUnit(to - from);
  }

  timeSplits(u) {
    const [from, to] = this.range();
    const room = Math.max(Math.floor(u.bbox.width / devicePixelRatio / (56 * this.scale())), 2);
    const step = TIME_STEPS.find((s) => (to - from) / s <= room) ?? 86400;
    const splits = [];
    for (let t = Math.ceil(from / step) * step; t <= to; t += step) splits.push(t);
    return splits;
  }

  // Where a number of receptors stands on the axis, and back. Numbers below the axis of decades lie on its foot.
  lift(receptors) {
    if (receptors == null || !this.log) return receptors;
    return Math.log10(Math.max(receptors, this.low));
  }

  lower(height) {
    return this.log ? 10 ** height : height;
  }

  // Places of the numbers on an axis that counts in `unit` receptors.
  rungs(unit) {
    if (this.log) return logLadder(this.low / unit, this.top / unit).map((v) => this.lift(v * unit));
    const step = niceStep(this.top / unit, this.room(19, 7));
    const rungs = [];
    for (let v = 0; v * unit <= this.top; v += step) rungs.push(v * unit);
    return rungs;
  }

  // How many labels an axis has room for, each so many pixels high; `most` at most.
  room(height, most) {
    return Math.min(Math.max(Math.floor(this.plot.bbox.height / devicePixelRatio / (height * this.scale())), 2), most);
  }

  doseLadder() {
    const { floor, roof, none } = this.view;
    const low = none ? noneHeight(this.view) : Math.ceil(floor);
    const room = this.room(15, 20);
    if (room < 3) return [low, Math.floor(roof)];
    const rungs = [low];
    for (let v = Math.ceil(floor); v <= roof; v += roof - floor > 3.5 ? 2 : 1)
      if (v - rungs[rungs.length - 1] >= (roof - low) / room) rungs.push(v);
    return rungs;
  }

  shown(line) {
    return !this.hidden.includes(line.key);
  }

  faint(line) {
    return Boolean(this.lit) && this.lit !== line.key;
  }

  // data: columns, plan and ghost of this panel; how: hidden lines, logarithmic or not, both ends of the y axis.
  show(view, data, how) {
    Object.assign(this, { view, ...how, ghost: data.ghost, band: data.band, raw: data.columns });
    const [from, to] = this.range();
    const u = this.plot;
    u.batch(() => {
      if (this.kind === "receptors") {
        this.lines.forEach((line, k) => Object.assign(u.series[k + 1], { show: this.shown(line), alpha: this.faint(line) ? FAINT : 1 }));
        const [times, , ...lines] = data.columns;
        u.setData([times, ...(this.log ? lines.map((values) => Array.from(values, (v) => this.lift(v))) : lines)], false);
        u.setScale("y", this.log ? { min: this.lift(this.low), max: this.lift(this.top) } : { min: 0, max: this.top });
      } else {
        const heights = Array.from(data.columns[1], (nM) => doseHeight(nM, view));
        const past = [data.columns[0], heights, heights.map(() => null)];
        u.setData(data.plan?.length ? joined(data.columns[0], heights, data.plan, view) : past, false);
        u.setScale("y", { min: view.none ? noneHeight(view) - 0.2 : view.floor - 0.1, max: view.roof + 0.25 });
      }
      u.setScale("x", { min: from, max: to });
    });
  }

  // A stretch that was drawn with the mouse.
  selected(u) {
    const { left, width } = u.select;
    if (width < 6) return;
    const ends = [u.posToVal(left, "x"), u.posToVal(left + width, "x")];
    u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom?.(ends);
  }
}
Chart.serial = 0;
