// Dots, one per sampled receptor. Each keeps its place; one that moves to another compartment jumps up a little, a lost one fades.

const GLIDE = 220; // ms for a move to another compartment, or a birth
const FADE = 900; // ms for a receptor that is gone
const FREE = 255;

const quiet = () => document.documentElement.dataset.motion === "reduced";
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// The grid that uses the room best: columns, rows, distance between dots.
function fit(dots, width, height) {
  let best = [dots, 1, 0];
  for (let columns = 1; columns <= dots; columns += 1) {
    const rows = Math.ceil(dots / columns);
    const pitch = Math.min(width / columns, height / rows);
    if (pitch > best[2]) best = [columns, rows, pitch];
  }
  return best;
}

function render({ model, el }) {
  el.classList.add("strip");
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  const nobody = document.createElement("p");
  nobody.setAttribute("aria-hidden", "true");
  el.append(canvas, nobody);
  const ctx = canvas.getContext("2d");
  let palette = [];
  let empty = "";
  let places = [];
  let wanted = 0;

  function colours() {
    palette = model.get("kinds").map((kind) => css(`--${kind}`));
    empty = css("--grid");
  }

  function arrive() {
    const dots = new Uint8Array(model.get("dots").buffer, model.get("dots").byteOffset, model.get("dots").byteLength);
    const now = performance.now();
    const jump = quiet() || places.length !== dots.length;
    if (places.length !== dots.length) places = Array.from(dots, () => ({ kind: FREE, last: FREE, newborn: false, since: -Infinity }));
    dots.forEach((kind, i) => {
      const place = places[i];
      if (place.kind === kind) return;
      place.newborn = place.kind === FREE;
      place.last = place.kind;
      place.kind = kind;
      place.since = jump ? -Infinity : now;
    });
    canvas.setAttribute("aria-label", model.get("text"));
    nobody.textContent = dots.length && dots.every((kind) => kind === FREE) ? model.get("text") : "";
    if (!wanted) wanted = requestAnimationFrame(draw);
  }

  // Colour, opacity and size of a place at a moment. Colours change at once: a blend would be no compartment's.
  function shade(place, now) {
    const gone = place.kind === FREE;
    const part = Math.min((now - place.since) / (gone ? FADE : GLIDE), 1);
    if (gone) return [place.last, 1 - part, 1];
    return [place.kind, place.newborn ? part : 1, place.newborn ? 1 : 1 + 0.25 * (1 - part)];
  }

  function draw(now) {
    wanted = 0;
    const { clientWidth: width, clientHeight: height } = el;
    if (!width || !height || !places.length) return;
    const ratio = devicePixelRatio;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const [columns, rows, pitch] = fit(places.length, width, height);
    const [left, top] = [(width - pitch * columns) / 2, (height - pitch * rows) / 2];
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    let moving = false;
    places.forEach((place, i) => {
      const x = left + ((i % columns) + 0.5) * pitch;
      const y = top + (Math.floor(i / columns) + 0.5) * pitch;
      const [kind, opacity, size] = shade(place, now);
      if (opacity < 1) {
        ctx.fillStyle = empty;
        ctx.beginPath();
        ctx.arc(x, y, pitch * 0.13, 0, 7);
        ctx.fill();
      }
      if (opacity > 0 && kind !== FREE) {
        ctx.globalAlpha = opacity;
        ctx.fillStyle = palette[kind];
        ctx.beginPath();
        ctx.arc(x, y, pitch * 0.36 * size, 0, 7);
        ctx.fill();
        ctx.globalAlpha = 1;
      }
      if (now - place.since < FADE) moving = true;
    });
    if (moving && !quiet()) wanted = requestAnimationFrame(draw);
  }

  const redraw = () => {
    colours();
    if (!wanted) wanted = requestAnimationFrame(draw);
  };
  const watcher = new ResizeObserver(redraw);
  model.on("change:dots", arrive);
  document.addEventListener("appearance", redraw);
  colours();
  watcher.observe(el);
  arrive();
  return () => {
    cancelAnimationFrame(wanted);
    watcher.disconnect();
    model.off("change:dots", arrive);
    document.removeEventListener("appearance", redraw);
  };
}

export default { render };
