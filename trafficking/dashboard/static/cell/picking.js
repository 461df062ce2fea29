// Which dot is meant: by a click, or by an arrow key.

// The place of the dot nearest to (x, y), within a reach in CSS pixels; -1 if there is none.
function nearest(swarm, x, y, reach) {
  let found = -1;
  let least = reach * reach;
  for (let i = 0; i < swarm.n; i += 1) {
    if (swarm.kind[i] === FREE) continue;
    const far = (swarm.x[i] - x) ** 2 + (swarm.y[i] - y) ** 2;
    if (far < least) [found, least] = [i, far];
  }
  return found;
}

const WAYS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

// The next dot from (x, y) in the direction of a key: near, and rather ahead than aside; -1 if there is none.
function ahead(swarm, x, y, key, apart) {
  const [ux, uy] = WAYS[key];
  let found = -1;
  let least = Infinity;
  for (let i = 0; i < swarm.n; i += 1) {
    if (swarm.kind[i] === FREE) continue;
    const [dx, dy] = [swarm.x[i] - x, swarm.y[i] - y];
    const along = dx * ux + dy * uy;
    if (along < apart) continue;
    const cost = along + 2.5 * Math.abs(dx * uy - dy * ux);
    if (cost < least) [found, least] = [i, cost];
  }
  return found;
}
