// A film is drawn in a worker of its own, so that the cell on the page moves on as before; `Film` talks to it.

const FRAME = 1000 / 30; // ms
const REST = 0.4; // of the time that a frame took: on a slow machine the page goes before the film
let sheet = null;
let scene = null;
let last = 0;

function show(next) {
  const calmed = scene && next.still && !scene.still; // nobody is left on the way
  const known = scene && scene.run === next.run && scene.kinds.length === next.kinds.length && !calmed;
  if (!known) {
    sheet.swarm.empty();
    sheet.furnish(next.kinds, sheet.tone);
  }
  if (!scene || scene.place !== next.place) sheet.trail = [];
  const revealed = known && next.share > scene.share;
  scene = next;
  sheet.swarm.arrive(next.dots, performance.now(), !known || next.still, revealed);
  sheet.write(next);
}

function frame() {
  const now = performance.now();
  const radius = sheet.painter.radius(sheet.swarm.most, sheet.swarm.plan);
  if (!scene.still) sheet.swarm.step(last ? Math.min(now - last, 100) : FRAME, now, radius);
  last = now;
  const { width, height } = sheet.draw(now, scene);
  const picture = sheet.canvas.getContext("2d").getImageData(0, 0, width, height);
  self.postMessage(picture, [picture.data.buffer]);
  const took = performance.now() - now;
  setTimeout(frame, Math.max(FRAME - took, REST * took));
}

self.onmessage = ({ data }) => {
  if (!data.width) return show(data);
  sheet = new Sheet(data.width);
  sheet.tone = data.tone;
  show(data.scene);
  frame();
};
