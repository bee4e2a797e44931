// Frames on their way: drawn in the working size, numbered, encoded, and matched with the
// paintings that come back.

import { $ } from "./notices.js";

const STILL_LONG_SIDE = 960;
const SIDES_MULTIPLE = 8;
const FRAME_QUALITY = 0.9;

export class Frames {
  #number = 0;
  #underWay = new Map();
  #canvases;
  #capturing = false;

  /** @param page has the link, the source, the stage and the figures */
  constructor(page) {
    this.page = page;
    this.#canvases = Array.from({ length: page.about.credits + 2 }, newCanvas);
  }

  get areUnderWay() {
    return this.#underWay.size > 0;
  }

  /** No painting will come for this frame. */
  forget(number) {
    this.#underWay.delete(number);
  }

  forgetAll() {
    this.#underWay.clear();
  }

  /** Send the newest frame, if there is a new one and the server wants it. */
  async pump() {
    const { link, source } = this.page;
    if (this.#capturing || this.page.rtc !== null || !source?.fresh) {
      return;
    }
    if (!link.ready) {
      link.wake();
      return;
    }
    const canvas = this.#freeCanvas();
    if (canvas === undefined) {
      return;
    }
    this.#capturing = true;
    try {
      const capturedMs = performance.now();
      const [width, height] = this.#workingSize(source);
      [canvas.width, canvas.height] = [width, height];
      source.draw(canvas.getContext("2d"), width, height);
      source.fresh = false;
      const number = (this.#number = (this.#number + 1) >>> 0);
      this.#underWay.set(number, { canvas, capturedMs, live: source.live });
      const jpeg = await encoded(canvas);
      if (!link.ready || source !== this.page.source) {
        this.#underWay.delete(number);
        source.fresh = true;
        return;
      }
      link.sendFrame(number, jpeg);
    } finally {
      this.#capturing = false;
    }
    this.pump();
  }

  /** A painting has come back. */
  async painted(number, jpeg) {
    const sent = this.#underWay.get(number);
    this.pump();
    if (sent === undefined) {
      return;
    }
    const bitmap = await createImageBitmap(jpeg);
    // Whatever came before this one is late now.
    for (const earlier of this.#underWay.keys()) {
      if (earlier <= number) {
        this.#underWay.delete(earlier);
      }
    }
    this.page.stage.show(bitmap, sent.canvas);
    if (sent.live) {
      this.page.figures.add(sent.capturedMs, performance.now());
    }
    $("figure-size").textContent = `${bitmap.width} × ${bitmap.height}`;
    document.body.dataset.painted = String(number);
    this.pump();
  }

  #freeCanvas() {
    const taken = new Set([...this.#underWay.values()].map(({ canvas }) => canvas));
    taken.add(this.page.stage.before);
    return this.#canvases.find((canvas) => !taken.has(canvas));
  }

  #workingSize({ width, height, live }) {
    const { long_sides: sides } = this.page.about;
    const wanted = Number($("size").value) || (live ? this.page.governed : STILL_LONG_SIDE);
    const most = Math.min(wanted, Math.max(width, height));
    const long = sides.findLast((side) => side <= most) ?? sides[0];
    const ratio = Math.min(width, height) / Math.max(width, height);
    const short = Math.max(4, Math.round((long * ratio) / SIDES_MULTIPLE)) * SIDES_MULTIPLE;
    return width >= height ? [long, short] : [short, long];
  }
}

function newCanvas() {
  return "OffscreenCanvas" in window
    ? new OffscreenCanvas(2, 2)
    : document.createElement("canvas");
}

function encoded(canvas) {
  const options = { type: "image/jpeg", quality: FRAME_QUALITY };
  return canvas.convertToBlob
    ? canvas.convertToBlob(options)
    : new Promise((resolve) => canvas.toBlob(resolve, options.type, options.quality));
}
