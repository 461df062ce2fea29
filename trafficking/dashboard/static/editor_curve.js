// The curve of the exposure editor: its axes, what is drawn on them, and where its handles stand.

const TIME_STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080, 20160, 43200];
const FLOOR = 1e-3; // nM; a log axis begins here at the latest
const AHEAD = 1.04; // of the time that is shown, over that of the protocol
const SIDE = 28; // px of a handle and the room around it

function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((m) => m * power).find((step) => step >= rough * 0.999);
}

const timeUnit = (range) => (range <= 180 ? ["min", 1] : range <= 5 * 1440 ? ["h", 60] : ["d", 1440]);

// The axes of the curve: where they begin and end, and how a dose or a time becomes a place.
class Axes {
  constructor(times, doses, log, width, height) {
    Object.assign(this, { log, width, height, left: 58, right: 16, top: 30, bottom: 24 });
    this.end = AHEAD * (times.length ? times[times.length - 1] : 60);
    let high = 0;
    let low = Infinity;
    this.none = false;
    for (const nM of doses) {
      high = Math.max(high, nM);
      if (nM >= FLOOR) low = Math.min(low, nM);
      else this.none = true;
    }
    if (log) {
      this.roof = Math.log10(Math.max(high, 0.01)) + 0.3; // room for a hand to double a dose
      this.floor = Math.floor(Math.log10(Math.min(low, high || 1, 10 ** (this.roof - 1))) + 1e-9);
      this.nothing = this.floor - Math.max(0.6, 0.3 * (this.roof - this.floor));
      this.base = this.none ? this.nothing - 0.1 : this.floor - 0.05;
    } else {
      [this.roof, this.base] = [high > 0 ? high * 1.25 : 1, 0];
    }
  }

  // Whether a curve can be seen on these axes: then they may stay, and what was let go of stays where it is.
  hold(times, doses) {
    const [foot, head] = [this.height - this.bottom, 0.5 * this.top];
    const inside = (nM) => this.y(nM) <= foot + 1 && this.y(nM) >= head;
    return this.x(times[times.length - 1] ?? 0) <= this.width - 0.5 * this.right && doses.every(inside);
  }

  x(minutes) {
    return this.left + (minutes / this.end) * (this.width - this.left - this.right);
  }

  minutes(x) {
    return Math.max(((x - this.left) / (this.width - this.left - this.right)) * this.end, 0);
  }

  y(nM) {
    const level = this.log ? (nM >= FLOOR ? Math.max(Math.log10(nM), this.nothing) : this.nothing) : nM;
    return this.height - this.bottom - ((level - this.base) / (this.roof - this.base)) * (this.height - this.top - this.bottom);
  }

  dose(y) {
    const level = this.base + ((this.height - this.bottom - y) / (this.height - this.top - this.bottom)) * (this.roof - this.base);
    if (!this.log) return Math.max(level, 0);
    return level < (this.none ? (this.nothing + this.floor) / 2 : this.floor - 0.3) ? 0 : 10 ** level;
  }

  doseTicks() {
    if (!this.log) {
      const step = niceStep(this.roof, 5);
      return Array.from({ length: Math.floor(this.roof / step) + 1 }, (_, k) => [k * step, String(Number((k * step).toPrecision(6)))]);
    }
    const every = this.roof - this.floor > 4.5 ? 2 : 1;
    const ticks = this.none ? [[0, "none"]] : [];
    for (let v = this.floor; v <= this.roof; v += every) ticks.push([10 ** v, String(Number((10 ** v).toPrecision(2)))]);
    return ticks;
  }

  timeTicks() {
    const room = Math.max(Math.floor((this.width - this.left - this.right) / 58), 2);
    const step = TIME_STEPS.find((s) => this.end / s <= room) ?? niceStep(this.end / 1440, room) * 1440;
    const size = timeUnit(this.end / AHEAD)[1];
    return Array.from({ length: Math.floor(this.end / step + 1e-9) + 1 }, (_, k) => [k * step, String(Math.round((k * step * 10) / size) / 10)]);
  }
}

function drawing(axes, { times, doses, bounds, selected }) {
  const place = (i) => `${axes.x(times[i]).toFixed(1)},${axes.y(doses[i]).toFixed(1)}`;
  const [left, right] = [axes.left, axes.width - axes.right];
  const foot = axes.height - axes.bottom;
  const line = times.length ? `M${Array.from(times, (_, i) => place(i)).join("L")}` : "";
  const bands = bounds.slice(0, -1).map((start, i) => {
    const [from, to] = [axes.x(start), axes.x(bounds[i + 1])];
    const number = to - from > 16 || i === selected ? `<text class="number" x="${(from + to) / 2}" y="18">${i + 1}</text>` : "";
    return `<g data-segment="${i}" class="${i === selected ? "chosen" : ""}"><rect class="band" x="${from}" y="4" width="${Math.max(to - from, 1)}" height="${foot - 4}"/>
      <path class="edge" d="M${to} 8V${foot}"/>${number}</g>`;
  });
  const doseTicks = axes.doseTicks().map(([nM, text]) =>
    `<path class="grid" d="M${left} ${axes.y(nM)}H${right}"/><text class="tick dose" x="${left - 8}" y="${axes.y(nM) + 4}">${text}</text>`);
  const timeTicks = axes.timeTicks().map(([time, text]) => `<text class="tick" x="${axes.x(time)}" y="${foot + 17}">${text}</text>`);
  return `${bands.join("")}${doseTicks.join("")}${timeTicks.join("")}
    <text class="tick name" x="${left - 50}" y="18">nM</text><text class="tick name" x="${left - 50}" y="${foot + 17}">${{ min: "minutes", h: "hours", d: "days" }[timeUnit(axes.end / AHEAD)[0]]}</text>
    ${line && `<path class="under" d="${line}V${foot}H${left}Z"/><path class="line" d="${line}"/>`}`;
}

// The curve while a hand is ahead of the server: a time stretches its segment and moves what follows, a dose carries
// along what depends on it. It is only as good as the eye needs until the server's own answer.
function carried({ times, doses, bounds, selected }, grip, to) {
  const [start, end] = [bounds[selected], bounds[selected + 1]];
  if (grip.axis === "time") {
    const [stretch, shift] = [to / (grip.value || 1), to - grip.value];
    const moved = (time) => (time <= start ? time : time >= end ? time + shift : start + (time - start) * stretch);
    return { times: times.map(moved), doses, bounds: bounds.map(moved) };
  }
  // At either end a jump has two points at one time: the last and the first of them are of this segment.
  const [first, last] = [start, end].map(Math.fround);
  const within = (i) => times[i] === first ? !(times[i + 1] <= first) : times[i] === last ? !(times[i - 1] >= last) : times[i] > first && times[i] < last;
  const own = [...doses].filter((_, i) => within(i));
  const still = own.reduce((far, nM) => (Math.abs(nM - grip.nM) > Math.abs(far - grip.nM) ? nM : far), grip.nM);
  const share = (nM) => (still === grip.nM ? 1 : Math.max((nM - still) / (grip.nM - still), 0));
  return { times, doses: doses.map((nM, i) => (within(i) ? Math.max(nM + (to - grip.nM) * share(nM), 0) : nM)), bounds };
}

// What a handle says in the hand, until the server says it exactly.
function roughly(grip, to) {
  if (grip.axis === "dose") return `${Number(Math.max(to - (grip.nM - grip.value), 0).toPrecision(2))} nM`;
  return to < 120 ? `${Math.round(to)} min` : `${Math.round(to / 6) / 10} h`;
}

// Handles that would lie on each other stand side by side.
function apart(places) {
  const free = [];
  for (const [x, y] of places) {
    let at = x;
    while (free.some((other) => Math.abs(other[0] - at) < SIDE && Math.abs(other[1] - y) < SIDE)) at += 2;
    free.push([at, y]);
  }
  return free;
}
