// What is taken home is drawn on a sheet of its own, 16:9 and always the same, however small the cell is on the screen.
// Time, insulin, numbers and colours stand on a strip below the cell, so that they cover nothing.

const [SHEET, CELL, STRIP] = [960, 480, 60]; // CSS pixels: width of the sheet, height of the cell and of the strip
const NAMED = { surface: "Surface", early_endosome: "Early endosome", recycling: "Recycling", lysosome: "Lysosome", biosynthetic: "Being made" };
// In memory and not on a graphics card: pixels come from there and go on to a file, and without a card a worker would
// wait for the page at every frame, to hear each time that there is none.
const PLAIN = { willReadFrequently: true };
const counted = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

// [key, name] of all that a legend explains.
function legendOf(kinds) {
  const present = new Set(kinds.map(({ key }) => key));
  const entries = Object.entries(NAMED).filter(([key]) => present.has(key));
  return kinds.some(({ bound }) => bound) ? [...entries, ["bound", "Bound insulin"]] : entries;
}

class Sheet {
  // width: in pixels.
  constructor(width) {
    this.scale = width / SHEET;
    const layer = (height, look = {}) => {
      const canvas = paper(width, Math.round(height * this.scale));
      canvas.getContext("2d", { ...PLAIN, ...look });
      return canvas;
    };
    [this.ground, this.dots, this.names, this.strip] = [CELL, CELL, CELL, STRIP].map((height) => layer(height));
    this.canvas = layer(CELL + STRIP, { alpha: false });
    this.swarm = new Swarm();
    this.painter = new Painter(this.dots);
    this.trail = [];
  }

  pen(canvas) {
    const ctx = canvas.getContext("2d");
    ctx.setTransform(this.scale, 0, 0, this.scale, 0, 0);
    return ctx;
  }

  // The cell with nobody in it. kinds: of the states, as the server has them.
  furnish(kinds, tone) {
    [this.kinds, this.tone] = [kinds, tone];
    const plan = planCell(SHEET, CELL, new Set(kinds.map(({ key }) => key)));
    drawScenery(this.pen(this.ground), plan, tone);
    drawLabels(this.pen(this.names), plan, tone);
    this.painter.resize(SHEET, CELL, this.scale);
    this.swarm.furnish(kinds, plan);
    this.painter.dress(this.swarm, tone);
  }

  // scene: {clock, caption, name, numbers}, as the widget has them.
  write({ clock, caption, name, numbers }) {
    const { tone } = this;
    const ctx = this.pen(this.strip);
    ctx.fillStyle = ink(tone.card);
    ctx.fillRect(0, 0, SHEET, STRIP);
    ctx.fillStyle = ink(mixed(tone.card, tone.ink, 0.18));
    ctx.fillRect(0, 0, SHEET, 1);
    const line = (text, x, y, size, { weight = 400, colour = tone.ink, most = 320 } = {}) => {
      ctx.font = `${weight} ${size}px ${tone.font}`;
      ctx.fillStyle = ink(colour);
      ctx.fillText(text, x, y, most);
    };
    line(clock, 18, 21, 15, { weight: 600 });
    line(caption, 18, 37, 10.5);
    line(name, 18, 51, 10.5, { colour: tone.muted });
    const entries = legendOf(this.kinds);
    const step = Math.min((SHEET - 18 - 352) / entries.length, 130);
    entries.forEach(([key, name], i) => {
      const x = SHEET - 18 - (entries.length - i) * step;
      ctx.fillStyle = ink(tone[key]);
      ctx.beginPath();
      ctx.arc(x + 5, 21, 5, 0, TURN);
      ctx.fill();
      line(name, x + 15, 24.5, 10.5, { most: step - 20 });
      if (key in numbers) line(counted.format(numbers[key]), x + 15, 42, 14, { weight: 600, most: step - 20 });
    });
  }

  // insulin, place and still: as `Painter.scene` has them.
  draw(now, how) {
    this.painter.scene(this.swarm, this.tone, now, { ...how, trail: this.trail });
    const ctx = this.canvas.getContext("2d");
    ctx.fillStyle = ink(this.tone.card);
    ctx.fillRect(0, 0, this.canvas.width, this.canvas.height);
    for (const layer of [this.ground, this.dots, this.names]) ctx.drawImage(layer, 0, 0);
    ctx.drawImage(this.strip, 0, this.ground.height);
    return this.canvas;
  }
}
