// The part of a panel's time that is shown: drawn with the mouse, or by + and - of a keyboard; Escape shows all.

const CLOSEST = 3; // minutes that remain in view at the least

class Zoom {
  constructor(changed) {
    Object.assign(this, { parts: { hour: null, whole: null }, changed });
  }

  // The part in view, or null for all of it; a run that was opened anew starts with all.
  of(panel, [from, to]) {
    const part = this.parts[panel];
    if (!part || part[0] >= to || part[1] <= from) return null;
    return [Math.max(part[0], from), Math.min(part[1], to)];
  }

  set(panel, ends) {
    this.parts[panel] = ends;
    this.changed();
  }

  all() {
    this.parts = { hour: null, whole: null };
    this.changed();
  }

  // As it is kept with the run, and back.
  get known() {
    return Object.fromEntries(Object.entries(this.parts).filter(([, part]) => part));
  }

  take(known) {
    this.parts = { hour: null, whole: null, ...known };
  }

  get on() {
    return Boolean(this.parts.hour || this.parts.whole);
  }

  // Nearer to or further from a time, by half.
  step(panel, [from, to], centre, way) {
    const [left, right] = this.of(panel, [from, to]) ?? [from, to];
    const half = (right - left) * (way === "in" ? 0.25 : 1);
    if (way === "out" && 2 * half >= to - from) return this.set(panel, null);
    const width = Math.max(2 * half, CLOSEST);
    const start = Math.min(Math.max(centre - width / 2, from), to - width);
    this.set(panel, [start, start + width]);
  }

  // The same stretch, earlier or later.
  shift(panel, [from, to], share) {
    const part = this.of(panel, [from, to]);
    if (!part) return;
    const width = part[1] - part[0];
    const start = Math.min(Math.max(part[0] + share * width, from), to - width);
    this.set(panel, [start, start + width]);
  }
}
