// Where the painting is shown, compared with the picture, saved and recorded.

const RECORDED_FPS = 30;
const TYPES = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8"];

export class Stage {
  #context;
  #last = null;
  #split = false;
  #recorder = null;

  constructor({ canvas, picture, divider }) {
    this.canvas = canvas;
    this.picture = picture;
    this.divider = divider;
    this.#context = canvas.getContext("2d");
    divider.addEventListener("input", () => this.#draw());
  }

  /**
   * @param painted an ImageBitmap or a video element; a bitmap is closed when the next comes
   * @param before what it was painted from, a canvas or a video element; null if unknown
   */
  show(painted, before) {
    if (this.#last !== null && this.#last.painted !== painted) {
      this.#last.painted.close?.();
    }
    this.#last = { painted, before };
    this.#draw();
  }

  /** What is compared with now; it must not be drawn over yet. */
  get before() {
    return this.#last?.before ?? null;
  }

  get split() {
    return this.#split;
  }

  set split(on) {
    this.#split = on;
    this.divider.hidden = !on;
    this.#draw();
  }

  #draw() {
    if (this.#last === null) {
      return;
    }
    const { painted, before } = this.#last;
    const width = painted.videoWidth ?? painted.width;
    const height = painted.videoHeight ?? painted.height;
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      this.picture.style.setProperty("--ratio", width / height);
    }
    const context = this.#context;
    context.drawImage(painted, 0, 0);
    if (this.#split && before !== null) {
      const x = Math.round(Number(this.divider.value) * width);
      context.save();
      context.beginPath();
      context.rect(0, 0, x, height);
      context.clip();
      context.drawImage(before, 0, 0, width, height);
      context.restore();
    }
    this.#recorder?.draw(canvas);
  }

  /** The picture as it is shown, as PNG. */
  snapshot() {
    return new Promise((resolve) => this.canvas.toBlob(resolve, "image/png"));
  }

  get recording() {
    return this.#recorder !== null;
  }

  /** @param finished called with the recording, a Blob, however it came to its end */
  startRecording(finished) {
    this.#recorder = new Recorder(this.canvas, (video) => {
      this.#recorder = null;
      finished(video);
    });
  }

  stopRecording() {
    this.#recorder?.stop();
  }
}

/** Records a canvas of its own, as the shown one may change its size on the way. */
class Recorder {
  #canvas = document.createElement("canvas");
  #recorder;

  constructor(shown, finished) {
    const scale = Math.max(1, 960 / Math.max(shown.width, shown.height));
    this.#canvas.width = 2 * Math.round((shown.width * scale) / 2);
    this.#canvas.height = 2 * Math.round((shown.height * scale) / 2);
    this.draw(shown);
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const stream = this.#canvas.captureStream(RECORDED_FPS);
    this.#recorder = new MediaRecorder(stream, { mimeType, videoBitsPerSecond: 8e6 });
    const parts = [];
    this.#recorder.ondataavailable = ({ data }) => parts.push(data);
    this.#recorder.onstop = () => {
      stream.getTracks().forEach((track) => track.stop());
      finished(new Blob(parts, { type: this.#recorder.mimeType }));
    };
    this.#recorder.start(1000);
  }

  draw(shown) {
    const { width, height } = this.#canvas;
    const context = this.#canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    const scale = Math.min(width / shown.width, height / shown.height);
    const [w, h] = [shown.width * scale, shown.height * scale];
    if (w < width - 1 || h < height - 1) {
      context.clearRect(0, 0, width, height);
    }
    context.drawImage(shown, (width - w) / 2, (height - h) / 2, w, h);
  }

  stop() {
    if (this.#recorder.state !== "inactive") {
      this.#recorder.stop();
    }
  }
}
