// A video of the cell: a worker draws it on a sheet, the browser records what comes from there.

const WIDTHS = [1920, 1280, 960]; // pixels: the widest that this machine draws and records without stutter
const ENOUGH = 25; // frames per second
const TRIAL = 2500; // ms after which a film that stutters begins anew, smaller
const BITS = 6; // for each pixel of its frame, per second
const TYPES = ["video/webm;codecs=vp8", "video/webm;codecs=vp9", "video/webm"]; // the quickest first

const filmable = () => typeof MediaRecorder !== "undefined" && typeof OffscreenCanvas !== "undefined"
  && TYPES.find((type) => MediaRecorder.isTypeSupported(type));

function hand(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

class Film {
  // told: called with width and height of the film and whether they are settled, when it begins and whenever they change.
  constructor(told) {
    Object.assign(this, { told, worker: null });
  }

  get running() {
    return this.worker !== null;
  }

  // scene: what there is to see now, as `show` of the studio takes it; tone: the colours of the page.
  begin(scene, tone) {
    [this.scene, this.tone] = [scene, tone];
    this.roll(0);
  }

  show(scene) {
    this.scene = scene;
    this.worker.postMessage(scene);
  }

  roll(step) {
    const width = WIDTHS[step];
    const screen = paper(width, (width * 9) / 16);
    const picture = screen.getContext("2d", { ...PLAIN, alpha: false }); // else its transparency would be recorded too, at twice the work
    const source = URL.createObjectURL(new Blob([STUDIO], { type: "text/javascript" }));
    const worker = new Worker(source);
    const parts = [];
    const recorder = new MediaRecorder(screen.captureStream(), { mimeType: filmable(), videoBitsPerSecond: BITS * width * screen.height });
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    worker.onmessage = ({ data }) => {
      if (recorder.state === "inactive" && this.worker === worker) this.start(recorder, step, source);
      picture.putImageData(data, 0, 0);
    };
    worker.postMessage({ width, tone: this.tone, scene: this.scene });
    Object.assign(this, { worker, recorder, parts, began: performance.now() });
    this.told(width, screen.height, step + 1 === WIDTHS.length);
  }

  // With the first picture, so that nothing blank comes before it.
  start(recorder, step, source) {
    URL.revokeObjectURL(source);
    recorder.start(250);
    this.began = performance.now();
    if (step + 1 < WIDTHS.length) setTimeout(() => this.judge(recorder, step), TRIAL);
  }

  async judge(recorder, step) {
    const rate = await rateOf(new Blob(this.parts), performance.now() - this.began);
    if (this.recorder !== recorder || !this.running) return;
    if (rate >= ENOUGH) return this.told(WIDTHS[step], (WIDTHS[step] * 9) / 16, true);
    finished(recorder, this.worker);
    this.roll(step + 1);
  }

  // The finished video.
  async end() {
    const [length, { recorder, worker, parts }] = [performance.now() - this.began, this];
    this.worker = null;
    await finished(recorder, worker);
    return withDuration(new Blob(parts, { type: "video/webm" }), length);
  }
}

async function finished(recorder, worker) {
  worker.terminate();
  if (recorder.state === "inactive") return;
  const done = new Promise((resolve) => recorder.addEventListener("stop", resolve, { once: true }));
  recorder.stop();
  await done;
  for (const track of recorder.stream.getTracks()) track.stop();
}
