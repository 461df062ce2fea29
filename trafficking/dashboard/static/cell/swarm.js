// The dots: what each is, where it is, and how it moves on until the next frame. One dot is one place of the server's.

const FREE = 255;
const [NONE, SURFACE, SEATED, RIDING, DYING] = [0, 1, 2, 3, 4];
const FADE = 900; // ms for a receptor that is gone
const WANDER = 0.055; // radians per root second, along the outline
const PULL = 0.55; // per second, towards the pits
const SINE = Float32Array.from({ length: 1024 }, (_, i) => Math.sin((i / 1024) * TURN));
const NOISE = Float32Array.from({ length: 4096 }, lottery(11)).map((share) => 2 * share - 1);

// Of each dot. ghost: what a dying one was; seat: of an organelle, or its ferry; lands: when its ferry does.
const COLUMNS = {
  kind: [Uint8Array, FREE], ghost: [Uint8Array, FREE], mode: [Uint8Array, NONE],
  x: [Float32Array, 0], y: [Float32Array, 0], t: [Float32Array, 0], rho: [Float32Array, 0], u: [Float32Array, 0], v: [Float32Array, 0],
  since: [Float64Array, 0], seat: [Int32Array, 0], lands: [Float64Array, 0],
};

class Swarm {
  constructor() {
    this.n = 0;
    this.alive = this.most = 0;
    this.kinds = [];
    this.ferries = new Ferries();
    this.random = lottery(5);
    this.reserve(1024);
  }

  reserve(room) {
    const old = this.kind ? this : null;
    const grown = (Type, name, fill) => {
      const column = new Type(room).fill(fill);
      if (old) column.set(old[name].subarray(0, this.n));
      this[name] = column;
    };
    for (const [name, [Type, fill]] of Object.entries(COLUMNS)) grown(Type, name, fill);
    this.room = room;
  }

  // kinds: {key, name, bound} of each state; plan: where everything lies; still: nobody goes there by steps, so that all
  // are put where they belong in this plan.
  furnish(kinds, plan, still = false) {
    const [w, h] = this.plan ? [plan.width / this.plan.width, plan.height / this.plan.height] : [1, 1];
    for (let i = 0; i < this.n; i += 1) {
      this.x[i] *= w;
      this.y[i] *= h;
    }
    [this.kinds, this.plan] = [kinds, plan];
    this.keys = kinds.map(({ key }) => key);
    this.bound = Uint8Array.from(kinds, ({ bound }) => (bound ? 1 : 0));
    this.onSurface = Uint8Array.from(this.keys, (key) => (key === "surface" || !plan.seats[key] ? 1 : 0));
    this.points = this.keys.map((key, i) => (this.onSurface[i] ? null : plan.seats[key].points));
    this.near = new Uint8Array(ROUND);
    for (let i = 0; i < ROUND; i += 1) {
      const [x, y] = [plan.rim[2 * i], plan.rim[2 * i + 1]];
      const far = (one) => (one.x - x) ** 2 + (one.y - y) ** 2;
      this.near[i] = plan.pits.reduce((best, one, k) => (far(one) < far(plan.pits[best]) ? k : best), 0);
    }
    this.ferries.clear();
    for (let i = 0; i < this.n; i += 1) {
      if (still && this.mode[i] === DYING) this.mode[i] = NONE;
      if (this.mode[i] === RIDING || this.mode[i] === SEATED) this.settle(i, -1, null);
      if (still && this.mode[i] !== NONE) this.rest(i);
    }
  }

  empty() {
    this.mode.fill(NONE);
    this.kind.fill(FREE);
    this.n = this.alive = this.most = 0;
    this.ferries.clear();
  }

  // Everybody as in another swarm, whose cell may be drawn in another size: who is under way is so here.
  like(other) {
    this.reserve(other.room);
    [this.n, this.alive, this.most] = [other.n, other.alive, other.most];
    for (const name of Object.keys(COLUMNS)) this[name].set(other[name]);
    const [from, to] = [other.plan, this.plan];
    const place = (x, y) => [to.cx + ((x - from.cx) * to.rx) / from.rx, to.cy + ((y - from.cy) * to.ry) / from.ry];
    this.ferries.like(other.ferries, place);
    for (let i = 0; i < this.n; i += 1) {
      [this.x[i], this.y[i]] = place(this.x[i], this.y[i]);
      if (this.mode[i] === SEATED) this.place(i);
      if (this.mode[i] === SURFACE) this.rest(i);
    }
  }

  // The states of all places, as the server has them now. jump: put everybody where they belong, without a way there;
  // revealed: those who appear were there before, and were not drawn.
  arrive(dots, now, jump, revealed = false) {
    if (dots.length > this.room) this.reserve(Math.max(dots.length, 2 * this.room));
    for (let i = this.n; i < dots.length; i += 1) {
      const [r, turn] = [Math.sqrt(this.random()), this.random() * TURN];
      [this.u[i], this.v[i]] = [r * Math.cos(turn), r * Math.sin(turn)];
    }
    this.n = Math.max(dots.length, this.n);
    let [alive, left, interrupted] = [0, 0, 0];
    for (let i = 0; i < dots.length; i += 1) {
      const [was, is] = [this.kind[i], dots[i]];
      if (is !== FREE) alive += 1;
      if (was === is) continue;
      this.kind[i] = is;
      if (is === FREE) this.die(i, was, now, jump);
      else if (was === FREE) this.appear(i, is, now, jump || revealed);
      else if (this.keys[was] !== this.keys[is]) {
        left += 1;
        if (this.mode[i] === RIDING) interrupted += 1;
        this.leave(i, was, is, now, jump);
      } else if (jump && this.mode[i] !== RIDING) this.rest(i); // what is bound gathers in the pits
    }
    this.alive = alive;
    this.most = Math.max(this.most, alive);
    this.ferries.pace(left, interrupted, this.most);
  }

  die(i, was, now, jump) {
    this.ghost[i] = was;
    this.since[i] = now;
    this.mode[i] = jump ? NONE : DYING;
  }

  appear(i, is, now, jump) {
    if (jump) return this.place(i);
    const [dock] = docksOf(this.plan, "birth");
    [this.x[i], this.y[i]] = [dock.cx + 8 * this.u[i], dock.cy + 8 * this.v[i]];
    if (this.keys[is] === "biosynthetic") this.settle(i, -1, null);
    else this.ride(i, "birth", this.keys[is], now);
  }

  leave(i, was, is, now, jump) {
    if (jump) this.place(i);
    else this.ride(i, this.keys[was], this.keys[is], now);
  }

  ride(i, from, to, now) {
    this.seat[i] = this.ferries.board(this.plan, from, to, this.x[i], this.y[i], now);
    this.lands[i] = this.ferries.slots[this.seat[i]].ends;
    this.mode[i] = RIDING;
  }

  // To a random seat of its compartment, at once.
  place(i) {
    this.settle(i, -1, null);
    this.rest(i);
  }

  // To where a settled one belongs, at once.
  rest(i) {
    this.home(i, 0);
    [this.x[i], this.y[i]] = [this.hx, this.hy];
  }

  // It belongs to its compartment from now on: to this body of it (-1: any), or to this place on the outline.
  settle(i, bodyNumber, t) {
    if (this.onSurface[this.kind[i]]) {
      this.t[i] = t === null ? this.random() * TURN : t + 0.22 * this.u[i];
      this.rho[i] = 0.05 + 0.9 * Math.sqrt(this.random());
      this.mode[i] = SURFACE;
      return;
    }
    const { first, points } = this.plan.seats[this.keys[this.kind[i]]];
    const some = bodyNumber >= 0 && bodyNumber < first.length - 1;
    const [low, high] = some ? [first[bodyNumber], first[bodyNumber + 1]] : [0, points.length / 2];
    this.seat[i] = low + Math.floor(this.random() * (high - low));
    this.mode[i] = SEATED;
  }

  // Where a settled dot wants to be, into `hx` and `hy`: nothing is allocated for a hundred thousand dots a frame.
  home(i, now) {
    const u = this.u[i];
    const v = this.v[i];
    if (this.mode[i] === SURFACE) {
      const at = Math.floor((this.t[i] / TURN) * ROUND) & (ROUND - 1);
      const { rim, outer } = this.plan;
      if (this.bound[this.kind[i]] && u < 0.11 && u > -0.11) {
        const close = this.plan.pits[this.near[at]];
        const deep = 0.85 * close.r * Math.sqrt(9 * (u < 0 ? -u : u));
        this.hx = close.cx + deep * SINE[(v * 511) & 1023];
        this.hy = close.cy + deep * SINE[(v * 511 + 256) & 1023];
        return;
      }
      const x = rim[2 * at];
      const y = rim[2 * at + 1];
      this.hx = x + (outer[2 * at] - x) * this.rho[i];
      this.hy = y + (outer[2 * at + 1] - y) * this.rho[i];
      return;
    }
    const points = this.points[this.kind[i]];
    const k = 2 * this.seat[i];
    const swing = now * 0.11;
    this.hx = points[k] + 1.2 * u + 1.9 * SINE[(u * 512 + swing * (1 + v)) & 1023];
    this.hy = points[k + 1] + 1.2 * v + 1.9 * SINE[(v * 512 + swing * (1 - u)) & 1023];
  }

  // Everybody moves on by dt milliseconds. radius: of a dot.
  step(dt, now, radius) {
    const { n, mode, kind, x, y, t, u, v, bound, near, ferries, seat, lands, since } = this;
    const { pits } = this.plan;
    ferries.sail(now, radius, this.plan.m);
    const drift = 1 - Math.exp(-dt / 140);
    const hail = 1 - Math.exp(-dt / (20 + 65 * ferries.tempo));
    const close = 1 - Math.exp(-dt / 30);
    const wander = WANDER * Math.sqrt(dt / 1000);
    const pull = 1 - Math.exp((-PULL * dt) / 1000);
    const shift = Math.floor(this.random() * 4096);
    for (let i = 0; i < n; i += 1) {
      const how = mode[i];
      if (how === NONE) continue;
      if (how === DYING) {
        if (now - since[i] > FADE) mode[i] = NONE;
        continue;
      }
      if (how === RIDING) {
        const ferry = ferries.slots[seat[i]];
        if (lands[i] <= now || ferry.ends !== lands[i]) {
          this.settle(i, ferry.ends === lands[i] ? ferry.body : -1, ferry.ends === lands[i] && ferry.body < 0 ? ferry.t : null);
          continue;
        }
        ferry.riders += 1;
        const haste = ferry.under ? close : hail;
        // Carried along, and drawn to its seat.
        x[i] += ferry.dx;
        y[i] += ferry.dy;
        x[i] += (ferry.x + 0.75 * ferry.radius * u[i] - x[i]) * haste;
        y[i] += (ferry.y + 0.75 * ferry.radius * v[i] - y[i]) * haste;
        continue;
      }
      if (how === SURFACE) {
        let to = t[i] + wander * NOISE[(i * 7 + shift) & 4095];
        if (bound[kind[i]] && v[i] < 0.45) {
          let gap = pits[near[Math.floor((to / TURN) * ROUND) & (ROUND - 1)]].t + 0.14 * u[i] - to;
          gap -= TURN * Math.round(gap / TURN);
          to += gap * pull;
        }
        t[i] = to < 0 ? to + TURN : to >= TURN ? to - TURN : to;
      }
      this.home(i, now);
      x[i] += (this.hx - x[i]) * drift;
      y[i] += (this.hy - y[i]) * drift;
    }
  }
}
