// Frames a second and the delay from capture to painting, as whoever watches feels them.

import { $ } from "./notices.js";

const WINDOW_MS = 3000;
const KEPT = 120;

export class Figures {
  #drawn = [];
  #delays = [];

  reset() {
    this.#drawn = [];
    this.#delays = [];
  }

  /** A frame that was captured at this time, NaN if unknown, has just been drawn. */
  add(capturedMs, nowMs) {
    this.#delays.push(nowMs - capturedMs);
    if (this.#delays.length > KEPT) {
      this.#delays.shift();
    }
    this.#drawn.push(nowMs);
    while (this.#drawn[0] < nowMs - WINDOW_MS) {
      this.#drawn.shift();
    }
  }

  /** Null while there are too few frames to say. */
  get framesPerSecond() {
    const count = this.#drawn.length;
    const spentMs = this.#drawn[count - 1] - this.#drawn[0];
    return count > 2 && spentMs > 0 ? (1000 * (count - 1)) / spentMs : null;
  }

  /** The delay in milliseconds that so many of 100 frames stay below; null without frames. */
  delayMs(percent) {
    if (this.#delays.length === 0 || this.#delays.some(Number.isNaN)) {
      return null;
    }
    const sorted = [...this.#delays].sort((a, b) => a - b);
    return sorted[Math.min(sorted.length - 1, Math.floor((percent / 100) * sorted.length))];
  }

  /** Write them on the page; a photo has none. */
  show(live) {
    const shown = (value, digits, unit) =>
      live && Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : "–";
    $("figure-fps").textContent = shown(this.framesPerSecond, 1, "");
    $("figure-p50").textContent = shown(this.delayMs(50), 0, " ms");
    $("figure-p95").textContent = shown(this.delayMs(95), 0, " ms");
  }
}
