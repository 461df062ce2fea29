// Dots into pixels. ImageData needs no graphics card; a dot is a stamp of a few pixels, whose size follows their number.

const GLOW = 0.085; // share of the drawn cell that all dots together would cover
const LARGEST = 4.6; // CSS pixels, radius
const SMALLEST = 0.5;

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.ctx = canvas.getContext("2d");
    this.tone = null;
  }

  resize(width, height, scale) {
    [this.width, this.height, this.scale] = [Math.max(Math.round(width * scale), 1), Math.max(Math.round(height * scale), 1), scale];
    [this.canvas.width, this.canvas.height] = [this.width, this.height];
    this.image = this.ctx.createImageData(this.width, this.height);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.size = 0;
    this.speck = null;
  }

  // The radius of a dot in CSS pixels, for so many.
  radius(dots, plan) {
    return Math.min(Math.max(Math.sqrt((GLOW * plan.rx * plan.ry) / Math.max(dots, 1)), SMALLEST), LARGEST);
  }

  dress(swarm, tone) {
    this.tone = tone;
    const word = ([r, g, b]) => ((b << 16) | (g << 8) | r) >>> 0;
    this.inner = Uint32Array.from(swarm.keys, (key) => word(tone[key]));
    this.rimmed = Uint32Array.from(swarm.keys, (key) => word(mixed(tone[key], tone.dark ? tone.card : tone.ink, 0.38)));
    this.insulin = [word(tone.bound), word(mixed(tone.bound, tone.dark ? tone.card : tone.ink, 0.45))];
  }

  // Stamps for dots and insulin of this size: offsets, opacity, and whether a pixel is of the edge.
  cut(radius) {
    const size = Math.max(2 * radius * this.scale, 1);
    if (Math.abs(size - this.size) < 0.25) return;
    this.size = size;
    this.dot = this.disc(size / 2);
    const load = size < 4 ? 0.5 * size : 0.31 * size;
    this.load = this.disc(load);
    this.reach = size < 4 ? Math.max(Math.round(size), 1) : 0.5 * size;
    this.margin = Math.round(this.reach) + Math.ceil(load) + 1; // no more than what lies around a cell, or dots would be missing
  }

  disc(r) {
    const [at, opacity, outer] = [[], [], []];
    const whole = Math.ceil(r);
    if (r < 1.2) {
      const side = r < 0.8 ? 1 : 2;
      for (let dy = 0; dy < side; dy += 1) for (let dx = 0; dx < side; dx += 1) at.push(dy * this.width + dx);
      return { at: Int32Array.from(at), opacity: new Uint8Array(at.length).fill(235), outer: new Uint8Array(at.length) };
    }
    for (let dy = -whole; dy <= whole; dy += 1) {
      for (let dx = -whole; dx <= whole; dx += 1) {
        const cover = Math.min(Math.max(r + 0.5 - Math.hypot(dx, dy), 0), 1);
        if (cover <= 0.03) continue;
        at.push(dy * this.width + dx);
        opacity.push(Math.round(255 * cover));
        outer.push(r > 2.4 && Math.hypot(dx, dy) > r - Math.max(0.9, 0.22 * r) ? 1 : 0);
      }
    }
    return { at: Int32Array.from(at), opacity: Uint8Array.from(opacity), outer: Uint8Array.from(outer) };
  }

  stamp(where, disc, inner, rim, strength) {
    const pixels = this.pixels;
    const at = disc.at;
    for (let k = 0; k < at.length; k += 1) {
      const p = where + at[k];
      const cover = strength === 1 ? disc.opacity[k] : Math.round(disc.opacity[k] * strength);
      const below = pixels[p] >>> 24;
      if (cover > 200 || below <= cover) {
        pixels[p] = ((disc.outer[k] ? rim : inner) | ((cover > below ? cover : below) << 24)) >>> 0;
      }
    }
  }

  paint(swarm, now) {
    const { pixels, width, height, scale, margin, dot, load, inner, rimmed, insulin, reach } = this;
    const { n, kind, ghost, mode, x, y, bound, onSurface, since, plan } = swarm;
    pixels.fill(0);
    const right = width - margin;
    const bottom = height - margin;
    for (let i = 0; i < n; i += 1) {
      const how = mode[i];
      if (how === NONE) continue;
      const px = (x[i] * scale) | 0;
      const py = (y[i] * scale) | 0;
      if (px < margin || py < margin || px >= right || py >= bottom) continue;
      const is = how === DYING ? ghost[i] : kind[i];
      const strength = how === DYING ? Math.max(1 - (now - since[i]) / FADE, 0) : 1;
      this.stamp(py * width + px, dot, inner[is], rimmed[is], strength);
      if (bound[is] === 0) continue;
      // Insulin sits on the side of the blood; inside, on top.
      let ux = 0.6;
      let uy = -0.8;
      if (onSurface[is] === 1) {
        ux = (x[i] - plan.cx) / plan.rx;
        uy = (y[i] - plan.cy) / plan.ry;
        const length = Math.sqrt(ux * ux + uy * uy) || 1;
        ux /= length;
        uy /= length;
      }
      const where = (py + Math.round(uy * reach)) * width + px + Math.round(ux * reach);
      this.stamp(where, load, insulin[0], insulin[1], strength);
    }
  }

  // Free insulin around the cell: the more of it, the more specks; not to number.
  specks(plan, insulinShare, now) {
    if (!plan.specks) plan.specks = speckPlaces(plan);
    const shown = Math.round(plan.specks.length * insulinShare);
    if (!this.speck) this.speck = this.disc(1.25 * this.scale);
    for (let k = 0; k < shown; k += 1) {
      const [x, y, phase] = plan.specks[k];
      const px = Math.round((x + 5 * Math.sin(now / 900 + phase)) * this.scale);
      const py = Math.round((y + 5 * Math.cos(now / 1100 + 2 * phase)) * this.scale);
      if (px < this.margin || py < this.margin || px >= this.width - this.margin || py >= this.height - this.margin) continue;
      this.stamp(py * this.width + px, this.speck, this.insulin[0], this.insulin[1], 0.95);
    }
  }

  show() {
    this.ctx.setTransform(1, 0, 0, 1, 0, 0);
    this.ctx.putImageData(this.image, 0, 0);
    this.ctx.setTransform(this.scale, 0, 0, this.scale, 0, 0);
  }

  // All that moves: the dots, insulin around the cell, vesicles, and who is followed, with its trail of places.
  scene(swarm, tone, now, { insulin, place, trail, still }) {
    const radius = this.radius(swarm.most, swarm.plan);
    this.cut(radius);
    this.paint(swarm, now);
    this.specks(swarm.plan, insulin, still ? 0 : now);
    this.show();
    if (!still) swarm.ferries.draw(this.ctx, tone, now);
    if (place < 0 || !swarm.mode[place]) return;
    const at = [swarm.x[place], swarm.y[place]];
    if (!still) trail.push(at);
    if (trail.length > 150) trail.shift();
    this.ring(...at, trail, radius);
  }

  // A ring around the followed receptor, and where it came from.
  ring(x, y, trail, radius) {
    const { ctx, tone } = this;
    ctx.lineCap = "round";
    for (let k = 1; k < trail.length; k += 1) {
      ctx.strokeStyle = ink(tone.ink, (0.75 * k) / trail.length);
      ctx.lineWidth = 0.8 + (1.6 * k) / trail.length;
      ctx.beginPath();
      ctx.moveTo(...trail[k - 1]);
      ctx.lineTo(...trail[k]);
      ctx.stroke();
    }
    for (const [colour, line] of [[tone.card, 5], [tone.ink, 2.2]]) {
      ctx.strokeStyle = ink(colour);
      ctx.lineWidth = line;
      ctx.beginPath();
      ctx.arc(x, y, Math.max(radius + 5, 8), 0, TURN);
      ctx.stroke();
    }
  }
}

function speckPlaces(plan) {
  const random = lottery(9);
  const places = [];
  for (let tries = 0; tries < 6000 && places.length < 220; tries += 1) {
    const [x, y] = [random() * plan.width, random() * plan.height];
    const [u, v] = [Math.abs(x - plan.cx) / (plan.rx * 1.1), Math.abs(y - plan.cy) / (plan.ry * 1.1)];
    if (Math.pow(u, 2.4) + Math.pow(v, 2.4) > 1) places.push([x, y, random() * TURN]);
  }
  return places;
}
