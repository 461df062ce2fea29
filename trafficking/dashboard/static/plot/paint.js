// What is painted behind and over the curves of a chart.

// Calls `draw(x of a time, y of a number of receptors)` with pens kept inside the panel.
function inside(chart, u, draw) {
  const { ctx, bbox } = u;
  const shift = chart.panel === "hour" ? chart.view.origin : 0;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw((time) => u.valToPos(time - shift, "x", true), (receptors) => u.valToPos(chart.lift(receptors), "y", true));
  ctx.restore();
}

function paintBehind(chart, u) {
  if (!chart.view) return;
  if (chart.kind === "receptors" && chart.band) paintBand(chart, u);
  if (chart.ghost) paintGhost(chart, u);
}

function paintOver(chart, u) {
  if (!chart.view) return;
  u.ctx.save();
  paintMarks(chart, u);
  if (chart.kind === "receptors") paintHeads(chart, u);
  paintNames(chart, u);
  paintChoice(chart, u);
  u.ctx.restore();
  if (chart.kind === "receptors") paintMeasured(chart, u);
}

// Where other replicates of the same scenario run: the middle 95 % of them, and their median as a hairline.
function paintBand(chart, u) {
  const { ctx } = u;
  const [times, ...columns] = chart.band;
  inside(chart, u, (x, y) => {
    chart.lines.forEach((line, k) => {
      if (!chart.shown(line)) return;
      const [low, middle, high] = columns.slice(3 * k, 3 * k + 3);
      ctx.fillStyle = ctx.strokeStyle = css(`--${line.key}`);
      ctx.globalAlpha = 0.24;
      ctx.beginPath();
      for (let i = 0; i < times.length; i += 1) ctx.lineTo(x(times[i]), y(high[i]));
      for (let i = times.length - 1; i >= 0; i -= 1) ctx.lineTo(x(times[i]), y(low[i]));
      ctx.fill();
      ctx.globalAlpha = 0.6;
      ctx.lineWidth = devicePixelRatio;
      ctx.beginPath();
      for (let i = 0; i < times.length; i += 1) ctx.lineTo(x(times[i]), y(middle[i]));
      ctx.stroke();
    });
  });
}

// The course that was left when the run was taken back: the same colours, pale and finely broken.
function paintGhost(chart, u) {
  const { ctx } = u;
  const [times, insulin, ...lines] = chart.ghost;
  inside(chart, u, (x, y) => {
    ctx.globalAlpha = 0.55;
    ctx.setLineDash(dash([2, 3]));
    const trace = (heights, colour, width, stepped) => {
      ctx.beginPath();
      ctx.strokeStyle = css(colour);
      ctx.lineWidth = width * devicePixelRatio;
      for (let i = 0; i < times.length; i += 1) {
        if (stepped && i) ctx.lineTo(x(times[i]), heights[i - 1]);
        ctx.lineTo(x(times[i]), heights[i]);
      }
      ctx.stroke();
    };
    if (chart.kind === "insulin") {
      const heights = Array.from(insulin, (nM) => u.valToPos(doseHeight(nM, chart.view), "y", true));
      return trace(heights, "--insulin", 1.5, true);
    }
    lines.forEach((values, k) => {
      if (chart.shown(chart.lines[k])) trace(Array.from(values, y), `--${chart.lines[k].key}`, chart.lines[k].width * 0.8, false);
    });
  });
}

// The time to go back to, while it is being chosen.
function paintChoice(chart, u) {
  if (chart.picked == null || chart.panel !== "whole") return;
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const x = u.valToPos(chart.picked, "x", true);
  ctx.setLineDash([]);
  ctx.strokeStyle = ctx.fillStyle = css("--accent");
  ctx.lineWidth = 2 * ratio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  if (chart.kind !== "receptors") return;
  ctx.beginPath();
  ctx.moveTo(x - 7 * ratio, bbox.top);
  ctx.lineTo(x + 7 * ratio, bbox.top);
  ctx.lineTo(x, bbox.top + 10 * ratio);
  ctx.fill();
}

// Moments at which something changed: a hairline through both panels with its name on top; unbroken where a hand did it.
function paintMarks(chart, u) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  const [from, to] = chart.range();
  const shift = chart.panel === "hour" ? chart.view.origin : 0;
  ctx.font = `500 ${Math.round(11.5 * chart.scale() * ratio)}px ${css("--font")}`;
  ctx.textBaseline = "bottom";
  const names = new Names(u, chart);
  for (const [time, label, byHand] of chart.view.marks) {
    if (time - shift < from || time - shift > to) continue;
    const x = Math.round(u.valToPos(time - shift, "x", true)) + 0.5;
    ctx.strokeStyle = css(byHand ? "--accent" : "--muted");
    ctx.lineWidth = (byHand ? 1.5 : 1) * ratio;
    ctx.setLineDash(byHand ? [] : dash([3, 3]));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top - (chart.kind === "receptors" ? 3 * ratio : 8 * ratio));
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (chart.kind === "receptors") names.put(x, label, css(byHand ? "--accent" : "--muted"));
  }
}

// Names of marks, each once: over the panel, and where two would meet there, the second beside its line within.
class Names {
  constructor(u, chart) {
    Object.assign(this, { u, over: -Infinity, within: -Infinity, line: 15 * chart.scale() * devicePixelRatio });
  }

  put(x, label, colour) {
    const { ctx, bbox } = this.u;
    const air = 6 * devicePixelRatio;
    const [width, end] = [ctx.measureText(label).width, bbox.left + bbox.width];
    const start = Math.min(Math.max(x - width / 2, bbox.left), end - width);
    ctx.fillStyle = colour;
    if (start >= this.over + air) {
      ctx.fillText(label, start, bbox.top - 5 * devicePixelRatio);
      this.over = start + width;
      return;
    }
    const beside = x + air + width <= end ? x + air : x - air - width;
    if (beside < this.within + air) return;
    ctx.fillStyle = css("--card");
    ctx.globalAlpha = 0.85;
    ctx.fillRect(beside - air / 2, bbox.top + air / 2, width + air, this.line);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour;
    ctx.fillText(label, beside, bbox.top + air / 2 + this.line);
    this.within = beside + width;
  }
}

// What the axes count, where their numbers stand.
function paintNames(chart, u) {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.setLineDash([]);
  ctx.font = `${Math.round(11.5 * chart.scale() * ratio)}px ${css("--font")}`;
  if (chart.panel === "hour" && chart.wide) return;
  const edge = bbox.left + bbox.width + 6 * ratio;
  if (chart.kind === "insulin") {
    ctx.textBaseline = "top";
    ctx.fillStyle = css("--insulin");
    ctx.fillText("insulin,", edge, bbox.top);
    ctx.fillText("nM", edge, bbox.top + 14 * chart.scale() * ratio);
  } else {
    ctx.textBaseline = "bottom";
    ctx.fillStyle = css("--muted");
    ctx.fillText("receptors", edge, bbox.top - 5 * ratio);
  }
}

// A dot where each line ends now: the eye finds the present.
function paintHeads(chart, u) {
  const times = u.data[0];
  if (!times.length) return;
  const last = times.length - 1;
  const [from, to] = chart.range();
  if (times[last] < from || times[last] > to) return;
  const x = u.valToPos(times[last], "x", true);
  chart.lines.forEach((line, k) => {
    if (!chart.shown(line)) return;
    u.ctx.beginPath();
    u.ctx.globalAlpha = chart.faint(line) ? FAINT : 1;
    u.ctx.fillStyle = css(`--${line.key}`);
    u.ctx.arc(x, u.valToPos(u.data[k + 1][last], "y", true), (line.width + 1.2) * stout() * devicePixelRatio, 0, 7);
    u.ctx.fill();
  });
  u.ctx.globalAlpha = 1;
}

// What was measured: its range as a bar, its value as a diamond, in the colour of the line that it is compared with.
function paintMeasured(chart, u) {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  inside(chart, u, (x, y) => {
    for (const point of chart.measured ?? []) {
      if (chart.hidden.includes(point.line)) continue;
      const [at, high, low] = [x(point.time_min), y(point.high), y(point.low)];
      ctx.strokeStyle = css("--ink");
      ctx.lineWidth = 1.6 * stout() * ratio;
      ctx.beginPath();
      ctx.moveTo(at, high);
      ctx.lineTo(at, low);
      for (const end of [high, low]) {
        ctx.moveTo(at - 5 * ratio, end);
        ctx.lineTo(at + 5 * ratio, end);
      }
      ctx.stroke();
      if (point.value == null) continue;
      const [middle, size] = [y(point.value), 6 * stout() * ratio];
      ctx.fillStyle = css(`--${point.line}`);
      ctx.beginPath();
      for (const [dx, dy] of [[0, -size], [size, 0], [0, size], [-size, 0]]) ctx.lineTo(at + dx, middle + dy);
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
    }
  });
}
