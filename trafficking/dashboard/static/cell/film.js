// What is taken home: the picture as PNG, and a video of what was seen.

const FILM_RATE = 30; // frames per second
const FILM_BITS = 8_000_000; // per second

// All layers on one ground, with the time below.
function compose(canvas, layers, tone, caption) {
  const [width, height] = [layers[0].width, layers[0].height];
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = ink(tone.card);
  ctx.fillRect(0, 0, width, height);
  for (const layer of layers) ctx.drawImage(layer, 0, 0, width, height);
  const size = Math.max(Math.round(height * 0.026), 11);
  ctx.font = `500 ${size}px ${tone.font}`;
  ctx.textBaseline = "bottom";
  ctx.fillStyle = ink(tone.ink);
  ctx.fillText(caption, 0.8 * size, height - 0.5 * size);
  return canvas;
}

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const filmable = () =>
  typeof MediaRecorder !== "undefined" &&
  ["video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"].find((type) => MediaRecorder.isTypeSupported(type));

class Film {
  constructor(canvas) {
    this.canvas = canvas;
    this.recorder = null;
  }

  get running() {
    return this.recorder !== null;
  }

  begin() {
    this.parts = [];
    this.began = performance.now();
    this.recorder = new MediaRecorder(this.canvas.captureStream(FILM_RATE), { mimeType: filmable(), videoBitsPerSecond: FILM_BITS });
    this.recorder.addEventListener("dataavailable", ({ data }) => this.parts.push(data));
    this.recorder.start(1000);
  }

  // The finished video.
  async end() {
    const { recorder } = this;
    const length = performance.now() - this.began;
    const done = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
    recorder.stop();
    this.recorder = null;
    await done;
    for (const track of recorder.stream.getTracks()) track.stop();
    return withDuration(new Blob(this.parts, { type: "video/webm" }), length);
  }
}

// A recorder does not know how long its video will be, so players could not show it: the length is written in here.
// Matroska: Segment information is 1549A966, and the duration in it 4489, in milliseconds (RFC 9559, sections 5.1.2).
async function withDuration(blob, milliseconds) {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const end = Math.min(bytes.length - 12, 4096);
  for (let i = 0; i < end; i += 1) {
    if (bytes[i] !== 0x15 || bytes[i + 1] !== 0x49 || bytes[i + 2] !== 0xa9 || bytes[i + 3] !== 0x66) continue;
    const width = Math.clz32(bytes[i + 4]) - 23; // bytes of the size, by its leading zeros
    let size = bytes[i + 4] & (0xff >> width);
    for (let k = 1; k < width; k += 1) size = size * 256 + bytes[i + 4 + k];
    const from = i + 4 + width;
    for (let k = from; k < from + size - 3; k += 1) {
      if (bytes[k] === 0x44 && bytes[k + 1] === 0x89 && bytes[k + 2] === 0x88) return blob; // it has one
    }
    const duration = new DataView(new ArrayBuffer(11));
    duration.setUint16(0, 0x4489);
    duration.setUint8(2, 0x88);
    duration.setFloat64(3, milliseconds);
    const head = new DataView(new ArrayBuffer(8));
    head.setUint32(4, size + 11);
    head.setUint8(0, 1);
    return new Blob([bytes.subarray(0, i + 4), head.buffer, duration.buffer, bytes.subarray(from)], { type: blob.type });
  }
  return blob;
}
