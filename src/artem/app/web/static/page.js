// The live page: takes frames from a source, has them painted, shows the paintings.

import { Figures } from "./figures.js";
import { Panel, shownName } from "./panel.js";
import { RtcLink } from "./rtc.js";
import { ServerView } from "./server_view.js";
import { FrameSocket } from "./socket.js";
import { SourceError, cameras, openCamera, openFile, openSample, openScreen } from "./sources.js";
import { Stage } from "./stage.js";

const $ = (id) => document.getElementById(id);

const STILL_LONG_SIDE = 960;
const SIDES_MULTIPLE = 8;
const FRAME_QUALITY = 0.9;
const HIDDEN_EACH_MS = 33;

class Page {
  figures = new Figures();
  stage = new Stage({ canvas: $("canvas"), picture: $("picture"), divider: $("divider") });
  source = null;
  rtc = null;
  sample = 0;
  governed;

  #number = 0;
  #underWay = new Map();
  #canvases;
  #capturing = false;
  #wasOpen = false;
  #lookToTell = false;
  #lookUnderWay = false;
  #recordingTimer = 0;

  constructor(about) {
    this.about = about;
    this.governed = about.long_side;
    this.#canvases = Array.from({ length: about.credits + 2 }, newCanvas);
    this.panel = new Panel({
      styles: about.styles,
      look: about.look,
      whyNotSteady: about.why_not_steady,
      changed: () => this.#lookChanged(),
    });
    this.link = new FrameSocket({
      most: about.credits,
      heard: (message) => this.#hear(message),
      painted: (number, jpeg) => this.#painted(number, jpeg),
      changed: (state) => this.#linkChanged(state),
    });
    for (const side of about.long_sides) {
      $("size").append(new Option(`${side} pixels`, side));
    }
    $("transport-field").hidden = !about.webrtc || !("RTCPeerConnection" in window);
    if (about.source !== null) {
      $("server-source").hidden = false;
      $("server-source").title = `What the server sees: ${about.source}`;
    }
    $("figure-engine").textContent = `${about.engine}, ${about.precision}`;
    this.#listen();
  }

  // Frames

  /** Send the newest frame, if there is a new one and the server wants it. */
  async pump() {
    const { source } = this;
    if (this.#capturing || this.rtc !== null || !source?.fresh) {
      return;
    }
    if (!this.link.ready) {
      this.link.wake();
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
      if (!this.link.ready || source !== this.source) {
        this.#underWay.delete(number);
        source.fresh = true;
        return;
      }
      this.link.sendFrame(number, jpeg);
    } finally {
      this.#capturing = false;
    }
    this.pump();
  }

  async #painted(number, jpeg) {
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
    this.stage.show(bitmap, sent.canvas);
    if (sent.live) {
      this.figures.add(sent.capturedMs, performance.now());
    }
    $("figure-size").textContent = `${bitmap.width} × ${bitmap.height}`;
    document.body.dataset.painted = String(number);
    this.pump();
  }

  #freeCanvas() {
    const taken = new Set([...this.#underWay.values()].map(({ canvas }) => canvas));
    taken.add(this.stage.before);
    return this.#canvases.find((canvas) => !taken.has(canvas));
  }

  #workingSize({ width, height, live }) {
    const { long_sides: sides } = this.about;
    const wanted = Number($("size").value) || (live ? this.governed : STILL_LONG_SIDE);
    const most = Math.min(wanted, Math.max(width, height));
    const long = sides.findLast((side) => side <= most) ?? sides[0];
    const ratio = Math.min(width, height) / Math.max(width, height);
    const short = Math.max(4, Math.round((long * ratio) / SIDES_MULTIPLE)) * SIDES_MULTIPLE;
    return width >= height ? [long, short] : [short, long];
  }

  // Messages

  #hear(message) {
    switch (message.type) {
      case "hello":
        this.governed = message.long_side;
        this.#underWay.clear();
        this.#tellSource();
        this.#tellAnew();
        this.#tellShare();
        break;
      case "look":
        this.#lookUnderWay = false;
        this.#tellLook();
        this.repaint();
        break;
      case "size":
        this.governed = message.long_side;
        break;
      case "shared":
        this.#showShared(message.stream);
        break;
      case "figures":
        $("viewers").textContent = `Watched by ${message.viewers}.`;
        break;
      case "error":
        this.#underWay.delete(message.frame);
        this.#lookUnderWay = false;
        complain(message.error);
        break;
    }
  }

  #linkChanged(state) {
    const texts = {
      open: "Ready",
      waiting: "Connecting",
      resting: "Resting",
      refused: "No place free",
    };
    const elsewhere = this.rtc !== null || this.source?.tell;
    const shown = state === "resting" && elsewhere ? "open" : state;
    if (state === "open" && $("connection").dataset.state === "refused") {
      hush();
    }
    // A new try does not undo a refusal; only its success does.
    if (state === "waiting" && $("connection").dataset.state === "refused") {
      return;
    }
    $("connection").dataset.state = shown;
    $("connection-text").textContent = texts[shown];
    if (state === "open") {
      this.#wasOpen = true;
      this.pump();
    } else {
      if (state === "waiting" && this.#wasOpen) {
        this.#askWhy();
      }
      this.#underWay.clear();
      if (this.source !== null && !this.source.live) {
        this.source.fresh = state === "waiting";
      }
    }
  }

  /** A server that was started anew may want another token. */
  async #askWhy() {
    const answer = await fetch("/api/about").catch(() => null);
    if (answer?.status === 401) {
      complain("The server asks for its token again. Reload the page.");
    }
  }

  #lookChanged() {
    this.#lookToTell = true;
    if (!this.link.ready && this.#underWay.size === 0) {
      this.repaint(); // which wakes the link, which then tells the look
    }
    this.#tellLook();
  }

  /** One at a time, so that a slider that is dragged does not fill the line. */
  #tellLook() {
    if (this.#lookToTell && !this.#lookUnderWay) {
      this.#lookToTell = false;
      this.#lookUnderWay = true;
      this.#speaker.tell({ type: "look", ...this.panel.look });
    }
  }

  #tellAnew() {
    this.#lookUnderWay = false;
    this.#lookToTell = true;
    this.#tellLook();
  }

  /** Whoever has its frames painted, and so whom settings concern. */
  get #speaker() {
    return this.rtc ?? (this.source?.tell ? this.source : this.link);
  }

  #tellSource() {
    this.link.tell({ type: "source", live: this.source?.live ?? false });
  }

  #tellShare() {
    this.#speaker.tell({ type: "share", on: $("share").checked });
  }

  /** Over WebRTC it is the server that brings frames to their size. */
  #tellSize() {
    this.rtc?.tell({ type: "size", long_side: Number($("size").value) || null });
  }

  repaint() {
    if (this.source !== null && !this.source.live) {
      this.source.fresh = true;
    }
    this.pump();
  }

  // Sources

  async use(opening, pressed = null) {
    let source;
    try {
      source = await opening;
    } catch (error) {
      complain(error instanceof SourceError ? error.message : `That did not work (${error}).`);
      return;
    }
    if ($("connection").dataset.state !== "refused") {
      hush();
    }
    this.#stopRtc();
    this.source?.stop();
    this.source = source;
    this.figures.reset();
    for (const id of ["camera", "screen", "server-source"]) {
      $(id).setAttribute("aria-pressed", String(id === pressed));
    }
    $("mirror-field").hidden = pressed !== "camera";
    $("mirror").checked = pressed === "camera" && !source.facesAway;
    source.mirrored = $("mirror").checked;
    $("player").hidden = !source.url;
    $("play").textContent = "Pause";
    say(`Painting: ${source.name}`);
    document.body.toggleAttribute("data-live", source.live);
    $("split").disabled = pressed === "server-source";
    this.#choosePath();
    if (pressed === "camera") {
      this.#listCameras();
    }
  }

  /** Frames of the source at hand go by WebSocket, or by WebRTC if that is wanted and possible. */
  async #choosePath() {
    const { source } = this;
    const overRtc = source.stream && $("transport").value === "rtc";
    if (overRtc || source.tell) {
      await this.link.rest(); // one place at the server is enough for a page
    }
    if (source !== this.source) {
      return;
    }
    if (overRtc) {
      this.#startRtc(source.stream);
    } else if (!source.tell) {
      this.link.wake();
      this.#tellSource();
      this.#tellAnew();
      this.pump();
    }
  }

  #startRtc(stream) {
    $("mirror-field").hidden = true;
    this.rtc = new RtcLink({
      stream,
      painted: (video) => {
        this.stage.show(video, this.source.video);
        this.figures.add(NaN, performance.now());
        $("figure-size").textContent = `${video.videoWidth} × ${video.videoHeight}`;
        document.body.dataset.painted = "rtc";
      },
      heard: (message) => {
        if (message.type === "hello") {
          this.#tellAnew();
          this.#tellSize();
          this.#tellShare();
        } else {
          this.#hear(message);
        }
      },
      ended: (text) => {
        complain(`${text} Frames go by WebSocket now.`);
        this.rtc = null;
        $("transport").value = "socket";
        this.#choosePath();
      },
    });
  }

  #stopRtc() {
    this.rtc?.stop();
    this.rtc = null;
  }

  get #calls() {
    return {
      limitBytes: this.about.largest_upload_bytes,
      cameFresh: () => this.pump(),
      ended: () => {
        say("The picture has ended: its camera or screen is gone.");
        this.useSample();
      },
    };
  }

  useSample() {
    const { samples } = this.about;
    const name = samples[this.sample % samples.length];
    this.sample += 1;
    return this.use(openSample(name));
  }

  /** What the server itself sees; its look is everyone's, so it is taken over. */
  useServerSource() {
    const view = new ServerView({
      name: this.about.source,
      painted: async (jpeg) => {
        const bitmap = await createImageBitmap(jpeg);
        this.stage.show(bitmap, null);
        this.figures.add(NaN, performance.now());
        $("figure-size").textContent = `${bitmap.width} × ${bitmap.height}`;
        document.body.dataset.painted = "server";
      },
      heard: (message) => {
        if (message.type === "look") {
          this.#lookUnderWay = false;
          if (this.#lookToTell) {
            this.#tellLook();
          } else {
            this.panel.take(message.look);
          }
        } else if (message.type === "error") {
          this.#lookUnderWay = false;
          complain(message.error);
        }
      },
      ended: () => {
        complain("The server's picture has ended.");
        this.useSample();
      },
    });
    if (this.stage.split) {
      this.#toggleSplit();
    }
    this.#lookToTell = false;
    this.#lookUnderWay = false;
    return this.use(view, "server-source");
  }

  useFile(file) {
    return this.use(openFile(file, this.#calls));
  }

  async #listCameras() {
    const found = await cameras();
    const options = found.map(
      ({ deviceId, label }, index) => new Option(label || `Camera ${index + 1}`, deviceId),
    );
    $("device").replaceChildren(...options);
    const current = this.source.stream?.getVideoTracks()[0]?.getSettings().deviceId;
    $("device").value = current ?? "";
    $("device-field").hidden = found.length < 2;
  }

  // What people do

  #listen() {
    const on = (id, event, action) => $(id).addEventListener(event, action);
    on("camera", "click", () => this.use(openCamera(this.#calls), "camera"));
    on("screen", "click", () => this.use(openScreen(this.#calls), "screen"));
    on("device", "change", ({ target }) =>
      this.use(openCamera({ ...this.#calls, device: target.value }), "camera"),
    );
    on("open", "click", () => $("file").click());
    on("file", "change", ({ target }) => {
      if (target.files.length > 0) {
        this.useFile(target.files[0]);
        target.value = "";
      }
    });
    on("sample", "click", () => this.useSample());
    on("server-source", "click", () => this.useServerSource());
    on("split", "click", () => this.#toggleSplit());
    on("save", "click", () => this.#save());
    on("record", "click", () => this.#toggleRecording());
    on("fullscreen", "click", () => $("stage").requestFullscreen());
    on("size", "change", () => {
      this.#tellSize();
      this.repaint();
    });
    on("mirror", "change", ({ target }) => (this.source.mirrored = target.checked));
    on("transport", "change", () => {
      this.#stopRtc();
      this.figures.reset();
      $("mirror-field").hidden = $("camera").getAttribute("aria-pressed") !== "true";
      this.#choosePath();
    });
    on("share", "change", () => this.#tellShare());
    on("copy", "click", () => this.#copyLink());
    on("alert-close", "click", hush);
    this.#listenToPlayer(on);
    this.#listenToDrops();
    if (!("requestFullscreen" in Element.prototype)) {
      $("fullscreen").hidden = true;
    }
    if (!("MediaRecorder" in window)) {
      $("record").hidden = true;
    }
    const ticker = new Worker("/static/ticker.js");
    ticker.onmessage = () => this.source?.poll?.();
    document.addEventListener("visibilitychange", () => {
      ticker.postMessage(document.hidden ? HIDDEN_EACH_MS : 0);
    });
    setInterval(() => this.#showFigures(), 500);
    addEventListener("beforeunload", (event) => {
      if (this.stage.recording) {
        event.preventDefault();
      }
    });
  }

  #listenToPlayer(on) {
    on("play", "click", async ({ target }) => {
      const { video } = this.source;
      if (video.paused) {
        await video.play();
      } else {
        video.pause();
      }
      target.textContent = video.paused ? "Play" : "Pause";
    });
    on("seek", "input", ({ target }) => {
      const { video } = this.source;
      video.currentTime = Number(target.value) * (video.duration || 0);
    });
  }

  #listenToDrops() {
    const isFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
    addEventListener("dragover", (event) => {
      if (isFile(event)) {
        event.preventDefault();
        $("drop-hint").hidden = false;
      }
    });
    addEventListener("dragleave", ({ relatedTarget }) => {
      $("drop-hint").hidden ||= relatedTarget === null;
    });
    addEventListener("drop", (event) => {
      if (isFile(event)) {
        event.preventDefault();
        $("drop-hint").hidden = true;
        if (event.dataTransfer.files.length > 0) {
          this.useFile(event.dataTransfer.files[0]);
        }
      }
    });
    addEventListener("paste", ({ clipboardData }) => {
      if (clipboardData?.files.length > 0) {
        this.useFile(clipboardData.files[0]);
      }
    });
  }

  #toggleSplit() {
    this.stage.split = !this.stage.split;
    $("split").setAttribute("aria-pressed", String(this.stage.split));
    if (this.stage.split) {
      $("divider").focus({ preventScroll: true });
    }
  }

  async #save() {
    const { file } = this.source ?? {};
    if (!file) {
      download(await this.stage.snapshot(), `${this.#fileName()}.png`);
      say("The picture is saved.");
      return;
    }
    // A photo is painted anew in its own size.
    $("save").disabled = true;
    say("Painting the photo in its own size …");
    try {
      const look = encodeURIComponent(JSON.stringify(this.panel.look));
      const response = await fetch(`/api/paint?look=${look}`, { method: "POST", body: file });
      if (!response.ok) {
        throw new SourceError((await response.json()).error);
      }
      const painting = await response.blob();
      const notes = decodeURIComponent(response.headers.get("artem-notes") ?? "");
      download(painting, `${this.#fileName()}.${painting.type === "image/png" ? "png" : "jpg"}`);
      say(`The picture is saved${notes ? `; ${notes}` : ""}.`);
    } catch (error) {
      say("");
      complain(error instanceof SourceError ? error.message : "The server does not answer.");
    } finally {
      $("save").disabled = false;
    }
  }

  #toggleRecording() {
    if (this.stage.recording) {
      this.stage.stopRecording();
      return;
    }
    const name = this.#fileName();
    this.stage.startRecording((video) => {
      download(video, `${name}.${video.type.startsWith("video/mp4") ? "mp4" : "webm"}`);
      clearInterval(this.#recordingTimer);
      $("recording").hidden = true;
      $("record").setAttribute("aria-pressed", "false");
      $("record-text").textContent = "Record";
      say("The recording is saved.");
    });
    const beganMs = performance.now();
    const showTime = () => {
      $("recording-time").textContent = clock((performance.now() - beganMs) / 1000);
    };
    showTime();
    this.#recordingTimer = setInterval(showTime, 500);
    $("recording").hidden = false;
    $("record").setAttribute("aria-pressed", "true");
    $("record-text").textContent = "Stop";
    say("Recording.");
  }

  #fileName() {
    const now = new Date(Date.now() - 60000 * new Date().getTimezoneOffset());
    const time = now.toISOString().slice(0, 19).replace("T", "-").replaceAll(":", "");
    return `artem-${this.panel.look.style}-${time}`;
  }

  #showShared(stream) {
    $("shared").hidden = stream === null;
    if (stream !== null) {
      $("share-link").value = new URL(`/view?stream=${stream}`, location.href).href;
      $("viewers").textContent = "";
    }
  }

  async #copyLink() {
    $("share-link").select();
    try {
      await navigator.clipboard.writeText($("share-link").value);
      say("The link is copied.");
    } catch {
      say("The link is selected; copy it from there.");
    }
  }

  #showFigures() {
    const { framesPerSecond } = this.figures;
    const live = this.source?.live === true;
    const shown = (value, digits, unit) =>
      live && Number.isFinite(value) ? `${value.toFixed(digits)}${unit}` : "–";
    $("figure-fps").textContent = shown(framesPerSecond, 1, "");
    $("figure-p50").textContent = shown(this.figures.delayMs(50), 0, " ms");
    $("figure-p95").textContent = shown(this.figures.delayMs(95), 0, " ms");
    const { video } = this.source ?? {};
    if (!$("player").hidden && video !== undefined) {
      if (document.activeElement !== $("seek")) {
        $("seek").value = video.duration > 0 ? video.currentTime / video.duration : 0;
      }
      $("place").textContent = clock(video.currentTime);
      $("seek").setAttribute("aria-valuetext", clock(video.currentTime));
    }
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

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

function say(text) {
  $("status").textContent = text;
}

function complain(text) {
  const sentence = text.replace(/\s*\n\s*/g, " ");
  if ($("alert").hidden || $("alert-text").textContent !== sentence) {
    $("alert-text").textContent = sentence; // said once, not each time it happens again
    $("alert").hidden = false;
  }
}

function hush() {
  $("alert").hidden = true;
  $("alert-text").textContent = "";
}

async function begin() {
  try {
    const response = await fetch("/api/about");
    const about = await response.json();
    if (!response.ok) {
      throw new SourceError(about.error);
    }
    const page = new Page(about);
    await page.useSample();
  } catch (error) {
    complain(error instanceof SourceError ? error.message : "The server does not answer.");
  }
}

begin();
