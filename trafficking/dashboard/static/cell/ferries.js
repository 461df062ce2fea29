// Vesicles: receptors that leave a compartment at the same place and time for the same goal travel together.

const MOST_FERRIES = 2048;
const BOARDING = 380; // ms at the dock
const CROSSING = 1000; // ms from dock to dock
const CROWDED = 30; // vesicles between two scenes, above which they become larger instead of more

class Ferries {
  constructor() {
    this.slots = Array.from({ length: MOST_FERRIES }, () => ({ ends: 0, riders: 0 }));
    this.next = 0;
    this.open = new Map();
    this.random = lottery(3);
    this.seats = 20; // of a vesicle; more where there are many receptors
    this.tempo = 1; // of all ways; less where receptors move on before they have arrived
  }

  // Keeps up with the run: of those who left, so many had not yet arrived from the last time. Many leave in few vesicles.
  pace(left, interrupted, most) {
    this.seats = Math.max(12, most / 500, left / CROWDED);
    if (left < 20) return;
    if (interrupted > 0.15 * left) this.tempo = Math.max(0.8 * this.tempo, 0.12);
    else if (interrupted < 0.04 * left) this.tempo = Math.min(1.12 * this.tempo, 1);
  }

  clear() {
    this.open.clear();
    for (const ferry of this.slots) ferry.ends = 0;
  }

  // The vesicles of another cell, at the same places of this one.
  like(other, place) {
    this.tempo = other.tempo;
    this.seats = other.seats;
    other.slots.forEach((ferry, i) => {
      const here = { ...ferry };
      for (const end of ["", "0", "1", "m"]) [here[`x${end}`], here[`y${end}`]] = place(ferry[`x${end}`], ferry[`y${end}`]);
      this.slots[i] = here;
    });
  }

  // The number of a ferry that takes who is at (x, y) in compartment `from` to `to`.
  board(plan, from, to, x, y, now) {
    const docks = docksOf(plan, from);
    let dock = 0;
    let least = Infinity;
    for (let i = 0; i < docks.length; i += 1) {
      const far = (docks[i].cx - x) ** 2 + (docks[i].cy - y) ** 2;
      if (far < least) [dock, least] = [i, far];
    }
    const line = `${from}>${to}>${dock}`;
    const waiting = this.open.get(line);
    if (waiting !== undefined && this.slots[waiting].leaves > now && this.slots[waiting].booked < this.seats) {
      this.slots[waiting].booked += 1;
      return waiting;
    }
    const number = this.launch(plan, docks[dock], to, now);
    this.open.set(line, number);
    return number;
  }

  launch(plan, dock, to, now) {
    this.next = (this.next + 1) % MOST_FERRIES;
    const ferry = this.slots[this.next];
    const leaves = now + this.tempo * BOARDING * (0.5 + this.random());
    const goal = this.goal(plan, dock, to);
    const [x, y] = this.within(plan, dock.key, dock.body) ?? [dock.cx, dock.cy];
    const [dx, dy] = [goal.x - x, goal.y - y];
    const bend = 0.5 * (this.random() - 0.5);
    Object.assign(ferry, {
      to, leaves, ends: leaves + this.tempo * CROSSING * (0.8 + 0.4 * this.random()), riders: 0, booked: 1, body: goal.body, t: goal.t,
      x0: x, y0: y, x1: goal.x, y1: goal.y,
      xm: x + 0.5 * dx - bend * dy, ym: y + 0.5 * dy + bend * dx,
      coated: dock.pit, x, y, dx: 0, dy: 0, radius: 3,
    });
    return this.next;
  }

  // Where a ferry lands: at a random place of the surface, or in an organelle, the nearest for early endosomes.
  goal(plan, dock, to) {
    const bodies = plan.organelles[to];
    if (to === "surface" || !bodies || !bodies.length) {
      const t = dock.pit ? dock.t : this.random() * TURN; // a vesicle opens anywhere
      const [x, y] = plan.at(t);
      return { x, y, t, body: -1 };
    }
    let chosen = Math.floor(this.random() * bodies.length);
    if (to === "early_endosome") {
      const far = (one) => (one.x - dock.cx) ** 2 + (one.y - dock.cy) ** 2;
      chosen = bodies.reduce((best, one, i) => (far(one) < far(bodies[best]) ? i : best), 0);
    }
    const [x, y] = this.within(plan, to, chosen);
    return { x, y, t: 0, body: chosen };
  }

  // A random place in an organelle, so that vesicles do not heap in its middle; undefined where there is none.
  within(plan, key, body) {
    if (body === undefined) return undefined;
    const { points, first } = plan.seats[key];
    const k = 2 * (first[body] + Math.floor(this.random() * (first[body + 1] - first[body])));
    return [points[k], points[k + 1]];
  }

  // Moves all vesicles on. dot: radius of one; m: of the cell.
  sail(now, dot, m) {
    for (const ferry of this.slots) {
      if (ferry.ends <= now) continue;
      const s = Math.min(Math.max((now - ferry.leaves) / (ferry.ends - ferry.leaves), 0), 1);
      const e = s * s * (3 - 2 * s);
      const [p, q, r] = [(1 - e) * (1 - e), 2 * e * (1 - e), e * e];
      const [x, y] = [p * ferry.x0 + q * ferry.xm + r * ferry.x1, p * ferry.y0 + q * ferry.ym + r * ferry.y1];
      [ferry.dx, ferry.dy] = [x - ferry.x, y - ferry.y];
      [ferry.x, ferry.y] = [x, y];
      ferry.radius = Math.min(1.5 + dot + 0.75 * dot * Math.sqrt(ferry.riders), 0.06 * m);
      ferry.shown = ferry.riders > 0;
      ferry.riders = 0; // counted anew by those who are on it
      ferry.under = s > 0;
      ferry.share = s;
    }
  }

  // Those whose membrane is drawn: one that would lie on another is left out, since a heap of rings tells nothing.
  apart(now) {
    const found = [];
    for (const ferry of this.slots) {
      if (ferry.ends <= now || !ferry.shown || !ferry.under) continue;
      const clear = (other) => Math.abs(other.x - ferry.x) + Math.abs(other.y - ferry.y) > ferry.radius + other.radius;
      if (found.every(clear)) found.push(ferry);
    }
    return found;
  }

  draw(ctx, tone, now) {
    const seen = this.apart(now);
    for (const coated of [false, true]) {
      ctx.beginPath();
      for (const ferry of seen) {
        if (Boolean(ferry.coated && ferry.share < 0.55) !== coated) continue;
        ctx.moveTo(ferry.x + ferry.radius + 1.5, ferry.y);
        ctx.arc(ferry.x, ferry.y, ferry.radius + 1.5, 0, TURN);
      }
      ctx.setLineDash(coated ? [2, 1.6] : []);
      ctx.strokeStyle = ink(mixed(tone.ink, tone.plasm, coated ? 0.15 : 0.4), coated ? 0.8 : 0.6);
      ctx.lineWidth = coated ? 1.6 : 0.9;
      ctx.stroke();
    }
    ctx.setLineDash([]);
  }
}

// Where ferries start: at the pits, in each organelle, or, for what is made, at the Golgi.
function docksOf(plan, from) {
  plan.docks[from] = plan.docks[from] || docksFor(plan, from);
  return plan.docks[from];
}

function docksFor(plan, from) {
  if (from === "surface") return plan.pits.map((one) => ({ ...one, pit: true }));
  if (from === "birth" || from === "biosynthetic") return plan.golgi.slice(-1).map(({ x, y }) => ({ cx: x, cy: y }));
  const bodies = plan.organelles[from];
  if (!bodies || !bodies.length) return [{ cx: plan.cx, cy: plan.cy }];
  return bodies.map(({ x, y }, body) => ({ cx: x, cy: y, key: from, body }));
}
