// The cell without its receptors, drawn once for each size and theme.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const KEYS = ["surface", "early_endosome", "recycling", "lysosome", "biosynthetic"];

// A colour of the page as [red, green, blue].
function rgb(colour) {
  probe.fillStyle = "#000";
  probe.fillStyle = colour;
  const text = probe.fillStyle;
  if (text[0] === "#") return [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
  return text.match(/[\d.]+/g).slice(0, 3).map(Number);
}

const mixed = (one, other, share) => one.map((part, i) => Math.round(part + (other[i] - part) * share));
const ink = (colour, opacity = 1) => `rgba(${colour.join(",")},${opacity})`;

// The colours of the page, for a cell: those of compartments, of bound insulin, of ground and text.
function colours() {
  const found = { bound: rgb(css("--bound")), card: rgb(css("--card")), ink: rgb(css("--ink")), muted: rgb(css("--muted")) };
  for (const key of KEYS) found[key] = rgb(css(`--${key}`));
  found.out = found.muted; // never drawn: an end has no dots
  found.dark = found.card[0] + found.card[1] + found.card[2] < 384;
  found.plasm = rgb(css("--plasm"));
  found.nucleus = rgb(css("--nucleus"));
  found.font = css("--font");
  return found;
}

function drawScenery(ctx, plan, tone) {
  ctx.clearRect(0, 0, plan.width, plan.height);
  ctx.lineJoin = ctx.lineCap = "round";
  outside(ctx, plan, tone);
  ctx.save();
  ctx.clip(plan.rimPath);
  inside(ctx, plan, tone);
  skeleton(ctx, plan, tone);
  for (const one of plan.mitochondria) mitochondrion(ctx, one, tone);
  drawNucleus(ctx, plan, tone);
  for (const sheet of plan.reticulum) sac(ctx, sheet, tone, "biosynthetic", 0.16, 0.5);
  ribosomes(ctx, plan, tone);
  for (const sheet of plan.golgi) sac(ctx, sheet, tone, "biosynthetic", 0.2, 0.55);
  for (const key of ["recycling", "early_endosome", "lysosome"]) {
    const bodies = plan.organelles[key] || [];
    // Outlines first, fills after, so that tubes that meet look like one.
    for (const one of bodies) edge(ctx, one, tone, key);
    for (const one of bodies) fill(ctx, one, tone, key);
  }
  ctx.restore();
  bilayer(ctx, plan, tone);
  coats(ctx, plan, tone);
}

function outside(ctx, plan, tone) {
  const { cx, cy, rx, ry, outerPath } = plan;
  ctx.save();
  ctx.shadowColor = tone.dark ? "rgba(0,0,0,0.55)" : ink(mixed(tone.surface, tone.ink, 0.4), 0.26);
  const { a: scale } = ctx.getTransform(); // shadows do not follow it
  ctx.shadowBlur = 0.09 * plan.m * scale;
  ctx.shadowOffsetY = 0.025 * plan.m * scale;
  ctx.fillStyle = ink(tone.card);
  ctx.fill(outerPath);
  ctx.restore();
  ctx.save();
  ctx.translate(cx, cy);
  ctx.scale(rx, ry);
  const dome = ctx.createRadialGradient(-0.12, -0.16, 0.8, 0, 0, 1.06);
  const pale = mixed(tone.card, tone.surface, tone.dark ? 0.2 : 0.1);
  dome.addColorStop(0, ink(pale));
  dome.addColorStop(0.55, ink(mixed(tone.card, tone.surface, tone.dark ? 0.15 : 0.16)));
  dome.addColorStop(1, ink(mixed(tone.card, tone.surface, tone.dark ? 0.34 : 0.36)));
  ctx.restore();
  ctx.save();
  ctx.clip(outerPath);
  ctx.translate(cx, cy);
  ctx.scale(rx, ry);
  ctx.fillStyle = dome;
  ctx.fillRect(-1.2, -1.2, 2.4, 2.4);
  ctx.restore();
  ctx.strokeStyle = ink(mixed(tone.card, tone.surface, 0.62));
  ctx.lineWidth = 1.2;
  ctx.stroke(outerPath);
}

function inside(ctx, plan, tone) {
  const { cx, cy, a, b, m, rimPath: rim } = plan;
  ctx.save();
  ctx.translate(cx, cy);
  ctx.scale(a, b);
  const glow = ctx.createRadialGradient(-0.15, -0.2, 0.1, 0, 0, 1.1);
  glow.addColorStop(0, ink(mixed(tone.plasm, tone.card, tone.dark ? 0 : 0.6)));
  glow.addColorStop(0.75, ink(tone.plasm));
  glow.addColorStop(1, ink(mixed(tone.plasm, tone.ink, tone.dark ? 0.03 : 0.07)));
  ctx.fillStyle = glow;
  ctx.fillRect(-1.2, -1.2, 2.4, 2.4);
  ctx.restore();
  // The wall of the cut throws a shadow inwards.
  for (let i = 5; i > 0; i -= 1) {
    ctx.strokeStyle = ink(tone.dark ? [0, 0, 0] : mixed(tone.surface, tone.ink, 0.5), tone.dark ? 0.08 : 0.028);
    ctx.lineWidth = 0.035 * m * i;
    ctx.stroke(rim);
  }
}

// Microtubules, from the centrosome beside the nucleus outwards: the rails of the traffic.
function skeleton(ctx, plan, tone) {
  const centre = (plan.organelles.recycling || [plan.nucleus])[0];
  ctx.strokeStyle = ink(tone.muted, tone.dark ? 0.16 : 0.15);
  ctx.lineWidth = 1;
  for (let i = 0; i < 22; i += 1) {
    const t = ((i + 0.4) / 22) * TURN;
    const [x, y, nx, ny] = plan.at(t);
    ctx.beginPath();
    ctx.moveTo(centre.x, centre.y);
    const [mx, my] = [(centre.x + x) / 2, (centre.y + y) / 2];
    const bend = 0.1 * Math.sin(3.7 * i) ;
    ctx.quadraticCurveTo(mx + (y - centre.y) * bend, my - (x - centre.x) * bend, x + nx * 0.07 * plan.m, y + ny * 0.07 * plan.m);
    ctx.stroke();
  }
}

function mitochondrion(ctx, { x, y, tilt, rx, ry }, tone) {
  const colour = mixed(tone.muted, tone.plasm, tone.dark ? 0.45 : 0.5);
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(tilt);
  ctx.beginPath();
  ctx.ellipse(0, 0, rx, ry, 0, 0, TURN);
  ctx.fillStyle = ink(mixed(tone.plasm, colour, 0.35));
  ctx.fill();
  ctx.strokeStyle = ink(colour, 0.8);
  ctx.lineWidth = 1.2;
  ctx.stroke();
  ctx.beginPath();
  for (let i = -3; i <= 3; i += 1) {
    const half = ry * 0.62 * Math.sqrt(Math.max(1 - (i / 4) ** 2, 0));
    ctx.moveTo((i * rx) / 4, i % 2 ? -ry * 0.8 * Math.sqrt(1 - (i / 4) ** 2) : half * 1.25);
    ctx.lineTo((i * rx) / 4, i % 2 ? half * 0.4 : -half * 0.4);
  }
  ctx.strokeStyle = ink(colour, 0.6);
  ctx.stroke();
  ctx.restore();
}

function drawNucleus(ctx, { nucleus }, tone) {
  const { x, y, rx, ry, path } = nucleus;
  const glow = ctx.createRadialGradient(x - 0.3 * rx, y - 0.35 * ry, 0.1 * rx, x, y, 1.15 * rx);
  glow.addColorStop(0, ink(mixed(tone.nucleus, tone.card, tone.dark ? 0 : 0.35)));
  glow.addColorStop(1, ink(mixed(tone.nucleus, tone.ink, tone.dark ? 0.05 : 0.1)));
  ctx.fillStyle = glow;
  ctx.fill(path);
  // Chromatin
  const random = lottery(7);
  ctx.save();
  ctx.clip(path);
  ctx.strokeStyle = ink(mixed(tone.nucleus, tone.ink, tone.dark ? 0.25 : 0.3), 0.35);
  ctx.lineWidth = Math.max(1.2, 0.02 * rx);
  for (let i = 0; i < 26; i += 1) {
    const [r, t] = [Math.sqrt(random()), random() * TURN];
    const [px, py] = [x + 0.88 * rx * r * Math.cos(t), y + 0.88 * ry * r * Math.sin(t)];
    const d = 0.16 * rx;
    ctx.beginPath();
    ctx.moveTo(px, py);
    ctx.bezierCurveTo(...[0, 1, 2, 3, 4, 5].map((k) => (k % 2 ? py : px) + d * (2 * random() - 1)));
    ctx.stroke();
  }
  ctx.restore();
  ctx.strokeStyle = ink(mixed(tone.nucleus, tone.ink, tone.dark ? 0.4 : 0.45), 0.9);
  ctx.lineWidth = 2.6;
  ctx.stroke(path);
  ctx.strokeStyle = ink(mixed(tone.nucleus, tone.card, 0.5));
  ctx.lineWidth = 0.9;
  ctx.stroke(path);
  // Nucleolus
  ctx.beginPath();
  ctx.ellipse(x - 0.28 * rx, y + 0.14 * ry, 0.23 * rx, 0.21 * rx, 0.3, 0, TURN);
  ctx.fillStyle = ink(mixed(tone.nucleus, tone.ink, tone.dark ? 0.28 : 0.32), 0.75);
  ctx.fill();
}

function edge(ctx, { path }, tone, key) {
  ctx.strokeStyle = ink(mixed(tone.plasm, tone[key], 0.72));
  ctx.lineWidth = 2.4;
  ctx.stroke(path);
}

function fill(ctx, { x, y, rx, path }, tone, key) {
  const glow = ctx.createRadialGradient(x - 0.3 * rx, y - 0.35 * rx, 0.05 * rx, x, y, 1.25 * rx);
  glow.addColorStop(0, ink(mixed(tone.card, tone[key], tone.dark ? 0.2 : 0.1)));
  glow.addColorStop(1, ink(mixed(tone.card, tone[key], tone.dark ? 0.34 : 0.3)));
  ctx.fillStyle = glow;
  ctx.fill(path);
}

function sac(ctx, { path }, tone, key, inner, outer) {
  ctx.strokeStyle = ink(mixed(tone.plasm, tone[key], outer));
  ctx.lineWidth = 1.6;
  ctx.stroke(path);
  ctx.fillStyle = ink(mixed(tone.plasm, tone[key], inner));
  ctx.fill(path);
}

function ribosomes(ctx, { reticulum: sheets, m }, tone) {
  ctx.fillStyle = ink(mixed(tone.plasm, tone.biosynthetic, 0.75));
  for (const { line } of sheets) {
    line.forEach(([x, y], i) => {
      const [nx, ny] = line[Math.min(i + 1, line.length - 1)];
      const length = Math.hypot(nx - x, ny - y) || 1;
      const side = (i % 2 ? 1 : -1) * 0.027 * m;
      ctx.beginPath();
      ctx.arc(x - ((ny - y) / length) * side, y + ((nx - x) / length) * side, Math.max(0.8, 0.0055 * m), 0, TURN);
      ctx.fill();
    });
  }
}

// Two leaflets along the cut.
function bilayer(ctx, { rimPath: rim, m }, tone) {
  const wide = Math.max(3.4, 0.021 * m);
  ctx.strokeStyle = ink(mixed(tone.surface, tone.ink, tone.dark ? 0.12 : 0.25));
  ctx.lineWidth = wide;
  ctx.stroke(rim);
  ctx.strokeStyle = ink(mixed(tone.card, tone.surface, tone.dark ? 0.3 : 0.22));
  ctx.lineWidth = wide * 0.42;
  ctx.stroke(rim);
}

// Clathrin: short rods around each flask, on the side of the cell.
function coats(ctx, { pits }, tone) {
  ctx.strokeStyle = ink(mixed(tone.ink, tone.plasm, 0.25));
  for (const { cx, cy, nx, ny, r } of pits) {
    const mouth = Math.atan2(-ny, -nx);
    const n = 11;
    ctx.lineWidth = Math.max(1, 0.16 * r);
    for (let i = 0; i < n; i += 1) {
      const t = mouth + 1.0 + ((TURN - 2.0) * i) / (n - 1);
      ctx.beginPath();
      ctx.moveTo(cx + 1.34 * r * Math.cos(t), cy + 1.34 * r * Math.sin(t));
      ctx.lineTo(cx + 1.62 * r * Math.cos(t), cy + 1.62 * r * Math.sin(t));
      ctx.stroke();
    }
  }
}
