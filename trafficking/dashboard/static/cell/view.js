// The widget: three layers of canvas, a legend, and buttons. Animates only what is in sight.

function make(tag, className, attributes = {}, text = "") {
  const found = document.createElement(tag);
  if (className) found.className = className;
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  if (text) found.textContent = text;
  return found;
}

const quiet = () => document.documentElement.dataset.motion === "reduced";
const SLOW = 28; // frames per second, below which dots are drawn less sharply

const sharpness = () => Math.min(devicePixelRatio || 1, 2);

class View {
  constructor(model, el) {
    Object.assign(this, { model, el, swarm: new Swarm(), trail: [], aimed: -1, wanted: 0, inSight: false, frames: 0 });
    this.build();
    this.painter = new Painter(this.layers[1]);
    this.listen();
  }

  build() {
    const { el } = this;
    el.classList.add("cellview");
    this.stage = make("div", "cellview-stage", { tabindex: "0", role: "group", "aria-label": "Receptors of the cell: arrow keys go from one to the next, Enter follows it, Escape lets it go" });
    this.layers = ["ground", "dots", "names"].map((name) => make("canvas", `cellview-${name}`, { "aria-hidden": "true" }));
    this.layers[0].removeAttribute("aria-hidden");
    this.layers[0].setAttribute("role", "img");
    this.stage.append(...this.layers);
    this.picture = make("div", "cellview-picture");
    this.picture.append(this.stage);
    this.legend = make("ul", "cellview-legend");
    this.caption = make("p", "cellview-caption");
    this.tools = make("details", "cellview-tools");
    const [summary, menu] = [make("summary", "", {}, "This cell"), make("div", "cellview-menu")];
    this.tools.append(summary, menu);
    const button = (label, act) => {
      const one = make("button", "", { type: "button" }, label);
      one.addEventListener("click", act);
      menu.append(one);
      return one;
    };
    this.any = button("Follow one at random", () => this.model.send({ random: true }));
    this.larger = button("Larger", () => this.grow());
    this.larger.setAttribute("aria-pressed", "false");
    button("Picture", () => this.save());
    this.record = button("Record video", () => this.film());
    this.reel = new Film((width, height, settled) => this.tell(width, height, settled));
    this.sign = make("div", "cellview-reel");
    this.size = make("span", "", { role: "status" });
    this.cut = make("button", "", { type: "button" }, "Stop and save");
    this.cut.addEventListener("click", () => this.wrap());
    this.sign.append(this.size, this.cut);
    this.sign.hidden = true;
    el.append(this.picture, this.legend, this.caption, this.tools, this.sign);
    if (!filmable()) this.record.hidden = true;
  }

  listen() {
    const { model } = this;
    this.heard = { "change:dots": () => this.arrive(), "change:place": () => this.follow(), "change:kinds": () => this.furnish(), "change:caption": () => this.say(), "change:text": () => this.say() };
    for (const [name, act] of Object.entries(this.heard)) model.on(name, act);
    this.resized = new ResizeObserver(() => this.furnish());
    this.resized.observe(this.picture);
    this.sight = new IntersectionObserver(([entry]) => this.see(entry.isIntersecting && !document.hidden, entry.isIntersecting));
    this.sight.observe(this.stage);
    this.turned = () => this.see(!document.hidden && this.onPage, this.onPage);
    document.addEventListener("visibilitychange", this.turned);
    this.leaving = () => (this.left = true);
    window.addEventListener("pagehide", this.leaving);
    this.themed = () => this.furnish();
    document.addEventListener("appearance", this.themed);
    this.elsewhere = (event) => this.leave(event);
    for (const type of ["click", "keydown"]) document.addEventListener(type, this.elsewhere);
    this.stage.addEventListener("click", (event) => this.click(event));
    this.stage.addEventListener("keydown", (event) => this.key(event));
    this.stage.addEventListener("blur", () => this.aim(-1));
  }

  close() {
    cancelAnimationFrame(this.wanted);
    for (const [name, act] of Object.entries(this.heard)) this.model.off(name, act);
    this.resized.disconnect();
    this.sight.disconnect();
    document.removeEventListener("visibilitychange", this.turned);
    window.removeEventListener("pagehide", this.leaving);
    document.removeEventListener("appearance", this.themed);
    for (const type of ["click", "keydown"]) document.removeEventListener(type, this.elsewhere);
    if (this.reel.running) this.reel.end();
  }

  see(inSight, onPage) {
    this.onPage = onPage;
    if (inSight === this.inSight || this.left) return;
    this.inSight = inSight;
    this.model.send({ seen: inSight });
    this.last = 0;
    this.ask();
  }

  // -- size, theme and kinds ---------------------------------------------------------------------------------------

  furnish() {
    const { clientWidth, clientHeight: height } = this.picture;
    const width = Math.min(clientWidth, Math.round(WIDEST * height));
    const kinds = this.model.get("kinds");
    if (width < 40 || height < 40 || !kinds.length) return;
    this.stage.style.width = `${width}px`;
    const scale = sharpness();
    this.tone = colours();
    this.plan = planCell(width, height, new Set(kinds.map(({ key }) => key)));
    for (const [layer, draw] of [[this.layers[0], drawScenery], [this.layers[2], drawLabels]]) {
      [layer.width, layer.height] = [Math.round(width * scale), Math.round(height * scale)];
      const ctx = layer.getContext("2d");
      ctx.setTransform(scale, 0, 0, scale, 0, 0);
      draw(ctx, this.plan, this.tone);
    }
    this.painter.resize(width, height, this.blunt ? 1 : scale);
    this.swarm.furnish(kinds, this.plan, quiet());
    this.painter.dress(this.swarm, this.tone);
    this.explain(kinds);
    this.trail = [];
    this.arrive();
  }

  explain(kinds) {
    this.legend.replaceChildren(
      ...legendOf(kinds).map(([key, name]) => {
        const item = make("li", "", {}, name);
        const swatch = make("i", "", { "aria-hidden": "true" });
        swatch.style.background = `var(--${key})`;
        item.prepend(swatch);
        return item;
      }),
    );
  }

  // -- what the server says ----------------------------------------------------------------------------------------

  arrive() {
    const { model, swarm } = this;
    const view = model.get("dots");
    if (!this.plan || !view || !view.byteLength) return;
    const dots = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const another = this.run !== model.get("run");
    if (another) {
      swarm.empty();
      this.run = model.get("run");
      this.trail = [];
    }
    const revealed = model.get("share") > this.share;
    this.share = model.get("share");
    swarm.arrive(dots, performance.now(), another || quiet() || !this.inSight || !swarm.alive, revealed);
    this.say();
    this.any.disabled = !model.get("pickable");
    this.stage.classList.toggle("pickable", model.get("pickable"));
    this.el.dataset.seq = Number(this.el.dataset.seq || 0) + 1;
    this.el.dataset.dots = swarm.alive;
    if (this.reel.running) this.reel.show(this.scene());
    this.ask();
  }

  // Numbers go on where each dot stays what it is.
  say() {
    this.caption.textContent = this.model.get("caption");
    this.layers[0].setAttribute("aria-label", this.model.get("text"));
  }

  follow() {
    this.trail = [];
    this.el.dataset.place = this.model.get("place");
    this.ask();
  }

  // -- frames ------------------------------------------------------------------------------------------------------

  ask() {
    if (!this.wanted && this.plan) this.wanted = requestAnimationFrame((now) => this.frame(now));
  }

  frame(now) {
    this.wanted = 0;
    if (!this.inSight || !this.swarm.plan) return;
    const still = quiet();
    const dt = this.last ? Math.min(now - this.last, 100) : 16;
    this.last = now;
    const radius = this.painter.radius(this.swarm.most, this.plan);
    if (!still) this.swarm.step(dt, now, radius);
    this.draw(now, still, radius);
    this.measure(now);
    if (!still) this.ask();
  }

  draw(now, still, radius) {
    const { painter, swarm, tone } = this;
    painter.scene(swarm, tone, now, { insulin: this.model.get("insulin"), place: this.model.get("place"), trail: this.trail, still });
    if (this.aimed >= 0) painter.ring(swarm.x[this.aimed], swarm.y[this.aimed], [], radius);
  }

  // Frames that were drawn in the last second.
  measure(now) {
    this.frames += 1;
    if (!this.counted) this.counted = now;
    if (now - this.counted < 1000) return;
    const rate = (1000 * this.frames) / (now - this.counted);
    this.el.dataset.fps = rate.toFixed(1);
    [this.counted, this.frames] = [now, 0];
    this.slow = rate < SLOW ? (this.slow || 0) + 1 : 0;
    if (this.slow >= 3 && !this.blunt && sharpness() > 1) {
      this.blunt = true;
      this.furnish();
    }
  }

  // -- hands -------------------------------------------------------------------------------------------------------

  click(event) {
    if (!this.model.get("pickable") || !this.plan) return;
    const box = this.stage.getBoundingClientRect();
    const place = nearest(this.swarm, event.clientX - box.left, event.clientY - box.top, 24);
    if (place >= 0) this.model.send({ pick: place });
  }

  aim(place) {
    this.aimed = place;
    this.ask();
  }

  key(event) {
    if (!this.model.get("pickable") || !this.plan || event.ctrlKey || event.metaKey || event.altKey) return;
    const { swarm, plan } = this;
    if (event.key in WAYS) {
      const from = this.aimed >= 0 ? this.aimed : this.model.get("place");
      const [x, y] = from >= 0 ? [swarm.x[from], swarm.y[from]] : [plan.cx, plan.cy];
      const next = ahead(swarm, x, y, event.key, 10);
      if (next >= 0) this.aim(next);
    } else if (event.key === "Enter" && this.aimed >= 0) {
      this.model.send({ pick: this.aimed });
      this.aim(-1);
    } else if (event.key === "Escape") {
      this.aim(-1);
      this.model.send({ drop: true });
    } else {
      return;
    }
    event.preventDefault();
  }

  // A menu is left by Escape, and by a click elsewhere.
  leave(event) {
    const ours = this.tools.contains(event.target);
    if (!this.tools.open || (event.type === "click" ? ours : event.key !== "Escape")) return;
    this.tools.open = false;
    if (ours) this.tools.firstChild.focus();
  }

  grow() {
    const large = this.el.classList.toggle("large");
    this.larger.textContent = large ? "Smaller" : "Larger";
    this.larger.setAttribute("aria-pressed", String(large));
  }

  // -- to take home ------------------------------------------------------------------------------------------------

  // What there is to see now, for a sheet.
  scene() {
    const told = ["kinds", "dots", "share", "run", "place", "insulin", "clock", "caption", "name", "numbers"];
    const scene = Object.fromEntries(told.map((trait) => [trait, this.model.get(trait)]));
    const { buffer, byteOffset, byteLength } = scene.dots;
    return { ...scene, dots: new Uint8Array(buffer, byteOffset, byteLength).slice(), still: quiet() };
  }

  save() {
    if (!this.plan) return;
    const sheet = new Sheet(WIDTHS[0]);
    const scene = this.scene();
    const now = this.last; // when dots and vesicles were last moved
    sheet.furnish(scene.kinds, this.tone);
    sheet.swarm.like(this.swarm);
    sheet.swarm.ferries.sail(now, this.painter.radius(this.swarm.most, sheet.swarm.plan), sheet.swarm.plan.m);
    sheet.write(scene);
    sheet.draw(now, scene).toBlob((blob) => hand(blob, `${scene.name}-cell.png`), "image/png");
    this.shut();
  }

  shut() {
    this.tools.open = false;
    this.tools.firstChild.focus();
  }

  film() {
    if (!this.plan || this.reel.running) return;
    this.reel.begin(this.scene(), this.tone);
    this.tools.open = false;
    [this.tools.hidden, this.sign.hidden] = [true, false];
    this.cut.focus();
  }

  tell(width, height, settled) {
    this.size.textContent = settled ? `Recording ${width} × ${height}` : `Trying ${width} × ${height} …`;
  }

  async wrap() {
    if (!this.reel.running) return;
    const ended = this.reel.end();
    [this.tools.hidden, this.sign.hidden] = [false, true];
    this.tools.firstChild.focus();
    hand(await ended, `${this.model.get("name")}-cell.webm`);
  }
}

function render({ model, el }) {
  const view = new View(model, el);
  view.furnish();
  return () => view.close();
}

export default { render };
