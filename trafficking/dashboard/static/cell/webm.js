// The little of a WebM file that a recorder leaves to be found out, or written: how many frames, and how long.
// Matroska elements (RFC 9559): Segment 18538067, Info 1549A966, Duration 4489 in milliseconds, Cluster 1F43B675,
// its Timestamp E7; a frame is a SimpleBlock A3, or a Block A1 within a BlockGroup A0.

const [SEGMENT, INFO, DURATION, CLUSTER, TIMESTAMP] = [0x18538067, 0x1549a966, 0x4489, 0x1f43b675, 0xe7];
const [SIMPLE_BLOCK, BLOCK_GROUP, BLOCK] = [0xa3, 0xa0, 0xa1];
const OPEN = [SEGMENT, CLUSTER, BLOCK_GROUP]; // whose parts are of interest

// A number of Matroska's at a place: its first byte's leading zeros tell its length. marked: with that first bit, as ids are.
function vint(bytes, at, marked) {
  const length = Math.clz32(bytes[at]) - 23;
  let value = marked ? bytes[at] : bytes[at] & (0xff >> length);
  let open = !marked && value === 0xff >> length; // all ones: as long as there is more
  for (let k = 1; k < length; k += 1) {
    value = value * 256 + bytes[at + k];
    open = open && bytes[at + k] === 0xff;
  }
  return [open ? Infinity : value, at + length];
}

// All elements in their order, those within an open one too: [id, where it begins, its content, its end].
function* elements(bytes) {
  for (let at = 0; at < bytes.length - 12;) {
    const [id, behind] = vint(bytes, at, true);
    const [size, content] = vint(bytes, behind, false);
    yield [id, at, content, content + size];
    at = OPEN.includes(id) ? content : content + size;
  }
}

const [WARM, LATE] = [500, 400]; // ms after which a film counts, and for which a recorder may hold back what it has

// Frames per second of a film that has been recorded for so many milliseconds.
async function rateOf(blob, milliseconds) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const times = [];
  let cluster = 0;
  for (const [id, , content, end] of elements(bytes)) {
    if (id === TIMESTAMP) cluster = bytes.subarray(content, end).reduce((value, byte) => value * 256 + byte, 0);
    if (id === SIMPLE_BLOCK || id === BLOCK) times.push(cluster + new DataView(bytes.buffer).getInt16(vint(bytes, content, false)[1]));
  }
  const warm = times.filter((time) => time > WARM);
  return (1000 * warm.length) / (Math.max(warm[warm.length - 1] ?? 0, milliseconds - LATE) - WARM);
}

// A recorder does not know how long its video will be, so players could not show it: the length is written in here.
async function withDuration(blob, milliseconds) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const all = [...elements(bytes.subarray(0, 4096))];
  const [, at, content, end] = all.find(([id]) => id === INFO) ?? [];
  const held = at === undefined ? [] : [...elements(bytes.subarray(content, end + 12))].map(([id]) => id);
  if (at === undefined || held.includes(DURATION)) return blob;
  const duration = new DataView(new ArrayBuffer(11));
  duration.setUint16(0, DURATION);
  duration.setUint8(2, 0x88);
  duration.setFloat64(3, milliseconds);
  const head = new DataView(new ArrayBuffer(12));
  head.setUint32(0, INFO);
  head.setUint32(8, end - content + 11);
  head.setUint8(4, 1);
  return new Blob([bytes.subarray(0, at), head.buffer, duration.buffer, bytes.subarray(content)], { type: blob.type });
}
