// Where everything in the drawn cell lies, in CSS pixels: the outline, its pits, and the organelles as paths with seats.
// The cell is a ball with its top cut off: between the outline and the rim of the cut one sees its outer surface.

const TURN = 2 * Math.PI;
const ROUND = 2048; // points of the outline
const BAND = 0.15; // of the radius, from the rim to the outline
const SEATS = 4096; // random points of each organelle kind
const WIDEST = 1.75; // of the cell, over its height

// A stream of numbers in [0, 1) that is the same on every visit, so that a cell keeps its look.
function lottery(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let word = Math.imul(state ^ (state >>> 15), state | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 4294967296;
  };
}

const waviness = (t) => 1 + 0.016 * Math.sin(2 * t + 0.6) + 0.013 * Math.sin(3 * t + 2.1) + 0.007 * Math.sin(5 * t + 4);

// A superellipse, a little squarer than an ellipse, gently uneven.
function onOutline(t, rx, ry) {
  const [c, s] = [Math.cos(t), Math.sin(t)];
  const square = Math.pow(Math.pow(Math.abs(c), 2.4) + Math.pow(Math.abs(s), 2.4), -1 / 2.4) * waviness(t);
  return [rx * c * square, ry * s * square];
}

function pathOf(points) {
  const path = new Path2D();
  points.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  path.closePath();
  return path;
}

// A closed, slightly uneven round body.
function body(x, y, rx, ry, tilt, random, roughness = 0.06) {
  const [p, q] = [random() * TURN, random() * TURN];
  const points = [];
  for (let i = 0; i < 72; i += 1) {
    const t = (i / 72) * TURN;
    const r = 1 + roughness * Math.sin(2 * t + p) + 0.6 * roughness * Math.sin(3 * t + q);
    const [u, v] = [rx * r * Math.cos(t), ry * r * Math.sin(t)];
    points.push([x + u * Math.cos(tilt) - v * Math.sin(tilt), y + u * Math.sin(tilt) + v * Math.cos(tilt)]);
  }
  return { x, y, rx, ry, tilt, r: Math.min(rx, ry), path: pathOf(points), box: boxOf(points) };
}

// A tube of constant width along a curve.
function tube(points, width) {
  const [left, right] = [[], []];
  points.forEach(([x, y], i) => {
    const [ax, ay] = points[Math.max(i - 1, 0)];
    const [bx, by] = points[Math.min(i + 1, points.length - 1)];
    const length = Math.hypot(bx - ax, by - ay) || 1;
    const end = Math.min(i, points.length - 1 - i);
    const half = (width / 2) * Math.min(1, 0.45 + 0.3 * end);
    left.push([x - ((by - ay) / length) * half, y + ((bx - ax) / length) * half]);
    right.unshift([x + ((by - ay) / length) * half, y - ((bx - ax) / length) * half]);
  });
  const around = [...left, ...right];
  const [x, y] = points[points.length >> 1];
  return { x, y, rx: width, ry: width, tilt: 0, r: width / 2, path: pathOf(around), box: boxOf(around), line: points };
}

function boxOf(points) {
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function arcLine(x, y, rx, ry, from, to, wave, waves, n = 40) {
  const points = [];
  for (let i = 0; i <= n; i += 1) {
    const t = from + ((to - from) * i) / n;
    const r = 1 + wave * Math.sin((waves * Math.PI * i) / n);
    points.push([x + rx * r * Math.cos(t), y + ry * r * Math.sin(t)]);
  }
  return points;
}

// A canvas of so many pixels that is on no page: in a worker there is no document.
function paper(width, height) {
  if (typeof document === "undefined") return new OffscreenCanvas(width, height);
  return Object.assign(document.createElement("canvas"), { width, height });
}

const probe = paper(1, 1).getContext("2d");

// Random points inside some bodies, each body by its area: Float32Array of x, y; and where each body's begin.
function seatsIn(bodies, random) {
  const sizes = bodies.map(({ box: [a, b, c, d] }) => Math.max((c - a) * (d - b), 1));
  const whole = sizes.reduce((sum, size) => sum + size, 0);
  const points = [];
  const first = [0];
  bodies.forEach(({ path, box: [a, b, c, d], x, y }, i) => {
    const wanted = Math.max(Math.round((SEATS * sizes[i]) / whole), 24);
    let tries = 40 * wanted;
    const before = points.length;
    while (points.length - before < 2 * wanted && tries > 0) {
      tries -= 1;
      const [px, py] = [a + random() * (c - a), b + random() * (d - b)];
      if (probe.isPointInPath(path, px, py)) points.push(px, py);
    }
    if (points.length === before) points.push(x, y);
    first.push(points.length / 2);
  });
  return { points: Float32Array.from(points), first };
}

// The pit at an angle: a flask that opens on the rim. Its inside is outside the cell.
function pit(t, at, size) {
  const [x, y, nx, ny] = at(t); // on the rim, and the direction inwards
  const r = size;
  return { t, x, y, nx, ny, r, cx: x + nx * 1.15 * r, cy: y + ny * 1.15 * r };
}

// The whole plan for a canvas of this size; present: keys of the compartments that have states.
function planCell(width, height, present) {
  const random = lottery(20);
  const room = Math.max(10, 0.035 * Math.min(width, height));
  let [rx, ry] = [Math.min(width, WIDEST * height) / 2 - room, height / 2 - room];
  [rx, ry] = [rx / 1.035, ry / 1.035]; // the outline is uneven and a little square
  const [cx, cy] = [width / 2, height / 2];
  const outer = new Float32Array(2 * ROUND);
  const rim = new Float32Array(2 * ROUND);
  for (let i = 0; i < ROUND; i += 1) {
    const [x, y] = onOutline((i / ROUND) * TURN, rx, ry);
    outer.set([cx + x, cy + y], 2 * i);
    rim.set([cx + x * (1 - BAND), cy + y * (1 - BAND)], 2 * i);
  }
  const at = (t) => {
    const i = Math.round((((t % TURN) + TURN) % TURN) / TURN * ROUND) % ROUND;
    const [x, y] = [rim[2 * i], rim[2 * i + 1]];
    const j = (i + 6) % ROUND;
    const k = (i + ROUND - 6) % ROUND;
    const [dx, dy] = [rim[2 * j] - rim[2 * k], rim[2 * j + 1] - rim[2 * k + 1]];
    const length = Math.hypot(dx, dy) || 1;
    return [x, y, -dy / length, dx / length];
  };
  const [a, b] = [rx * (1 - BAND), ry * (1 - BAND)];
  const m = Math.min(a, b);
  const spot = (u, v) => [cx + u * a, cy + v * b];
  const n = m < 110 ? 7 : 10;
  const pits = [];
  for (let i = 0; i < n; i += 1) pits.push(pit(((i + 0.5) / n) * TURN + 0.12 * Math.sin(5 * i), at, Math.max(4, 0.045 * m)));
  const nucleus = body(...spot(-0.3, 0.17), 0.37 * m, 0.33 * m, -0.25, random, 0.02);
  const plan = { width, height, cx, cy, rx, ry, a, b, m, outer, rim, at, pits, nucleus, present, organelles: {}, docks: {} };
  plan.golgi = golgi(spot(0.13, 0.44), m);
  plan.reticulum = reticulum(nucleus, m);
  plan.organelles.biosynthetic = [...plan.reticulum, ...plan.golgi];
  if (present.has("early_endosome")) plan.organelles.early_endosome = endosomes(plan, random);
  if (present.has("recycling")) plan.organelles.recycling = recycling(spot(0.1, -0.08), m, random);
  if (present.has("lysosome")) plan.organelles.lysosome = lysosomes(spot, m, random);
  plan.mitochondria = mitochondria(spot, m);
  plan.seats = {};
  for (const [key, bodies] of Object.entries(plan.organelles)) plan.seats[key] = seatsIn(bodies, random);
  plan.outerPath = ringPath(outer);
  plan.rimPath = rimPath(plan);
  return plan;
}

function ringPath(ring) {
  const path = new Path2D();
  for (let i = 0; i < ROUND; i += 4) path[i ? "lineTo" : "moveTo"](ring[2 * i], ring[2 * i + 1]);
  path.closePath();
  return path;
}

// The rim of the cut with its flasks.
function rimPath({ rim, pits }) {
  const path = new Path2D();
  const step = TURN / ROUND;
  let started = false;
  const go = (x, y) => {
    path[started ? "lineTo" : "moveTo"](x, y);
    started = true;
  };
  for (let i = 0; i < ROUND; i += 2) {
    const t = i * step;
    const [x, y] = [rim[2 * i], rim[2 * i + 1]];
    const near = pits.find((one) => Math.hypot(one.x - x, one.y - y) < 0.75 * one.r);
    if (!near) {
      go(x, y);
    } else if (!near.drawn) {
      near.drawn = true;
      // Around the bulb, from one lip to the other; the gap of the neck is half a right angle to each side.
      const mouth = Math.atan2(-near.ny, -near.nx);
      const gap = 0.55;
      for (let k = 0; k <= 28; k += 1) {
        const u = mouth - gap - ((TURN - 2 * gap) * k) / 28;
        go(near.cx + near.r * Math.cos(u), near.cy + near.r * Math.sin(u));
      }
    }
  }
  path.closePath();
  for (const one of pits) delete one.drawn;
  return path;
}

// One early endosome below each pit where there is room: a sac with a tubule.
function endosomes({ pits, m, nucleus, cx, cy, a, b }, random) {
  return pits
    .map((one) => {
      const depth = 0.2 * m + 0.05 * m * random();
      const [x, y] = [one.cx + one.nx * depth, one.cy + one.ny * depth];
      const r = m * (0.085 + 0.03 * random());
      return body(x, y, r * 1.15, r * 0.92, Math.atan2(one.ny, one.nx) + 0.9, random, 0.09);
    })
    .filter(({ x, y }) => {
      const clear = Math.hypot((x - nucleus.x) / nucleus.rx, (y - nucleus.y) / nucleus.ry) > 1.5;
      const lower = (x - cx) / a > 0.25 && (y - cy) / b > 0.2; // where the lysosomes are
      return clear && !lower;
    });
}

function recycling([x, y], m, random) {
  const tubes = [];
  for (let i = 0; i < 7; i += 1) {
    const turn = (i / 7) * TURN + 0.35;
    const length = m * (0.16 + 0.09 * random());
    const bend = (random() - 0.5) * 1.4;
    const line = [];
    for (let k = 0; k <= 14; k += 1) {
      const s = k / 14;
      const t = turn + bend * s * s;
      line.push([x + (0.05 * m + length * s) * Math.cos(t), y + (0.04 * m + 0.9 * length * s) * Math.sin(t)]);
    }
    tubes.push(tube(line, 0.062 * m));
  }
  return [body(x, y, 0.095 * m, 0.085 * m, 0.4, random, 0.08), ...tubes];
}

function lysosomes(spot, m, random) {
  const where = [[0.5, 0.3, 1.1], [0.36, 0.58, 0.95], [0.64, 0.5, 0.8], [0.52, 0.72, 0.62], [0.7, 0.22, 0.6]];
  return where.map(([u, v, size]) => body(...spot(u, v), 0.12 * m * size, 0.12 * m * size, 0, random, 0.035));
}

function reticulum({ x, y, rx, ry }, m) {
  const sheets = [];
  for (let i = 0; i < 3; i += 1) {
    const grow = 1.2 + 0.17 * i;
    sheets.push(tube(arcLine(x, y, rx * grow, ry * grow, 0.42 + 0.12 * i, 3.0 - 0.22 * i, 0.018, 9), 0.034 * m));
  }
  return sheets;
}

function golgi([x, y], m) {
  const stack = [];
  for (let i = 0; i < 4; i += 1) {
    const r = m * (0.17 + 0.052 * i);
    stack.push(tube(arcLine(x - 0.17 * m, y - 0.1 * m, r * 1.15, r, 0.18 + 0.05 * i, 1.25 - 0.02 * i, 0.0, 1, 18), 0.036 * m));
  }
  return stack;
}

function mitochondria(spot, m) {
  return [[-0.62, -0.42, 0.7], [0.58, -0.12, 1.25], [-0.05, -0.52, 0.1], [-0.58, 0.62, -0.5]].map(([u, v, tilt]) => {
    const [x, y] = spot(u, v);
    return { x, y, tilt, rx: 0.105 * m, ry: 0.046 * m };
  });
}
