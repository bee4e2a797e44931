// The live page: takes frames from a source, has them painted, shows the paintings.

import { listenToDrops } from "./drops.js";
import { Figures } from "./figures.js";
import { Frames } from "./frames.js";
import { Keeping } from "./keeping.js";
import { $, complain, hush, say } from "./notices.js";
import { Panel } from "./panel.js";
import { listenToPlayer, showPlace } from "./player.js";
import { RtcLink } from "./rtc.js";
import { ServerView } from "./server_view.js";
import { copyLink, showShared } from "./sharing.js";
import { FrameSocket } from "./socket.js";
import { SourceError, cameras, openCamera, openFile, openSample, openScreen } from "./sources.js";
import { Stage } from "./stage.js";

const HIDDEN_EACH_MS = 33;

class Page {
  figures = new Figures();
  stage = new Stage({ canvas: $("canvas"), picture: $("picture"), divider: $("divider") });
  source = null;
  rtc = null;
  sample = 0;
  governed;

  #wasOpen = false;
  #lookToTell = false;
  #lookUnderWay = false;

  constructor(about) {
    this.about = about;
    this.governed = about.long_side;
    this.frames = new Frames(this);
    this.keeping = new Keeping(this);
    this.panel = new Panel({
      styles: about.styles,
      look: about.look,
      whyNotSteady: about.why_not_steady,
      changed: () => this.#lookChanged(),
    });
    this.link = new FrameSocket({
      most: about.credits,
      heard: (message) => this.#hear(message),
      painted: (number, jpeg) => this.frames.painted(number, jpeg),
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

  // Messages

  #hear(message) {
    switch (message.type) {
      case "hello":
        this.governed = message.long_side;
        this.frames.forgetAll();
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
        showShared(message.stream);
        break;
      case "figures":
        $("viewers").textContent = `Watched by ${message.viewers}.`;
        break;
      case "error":
        this.frames.forget(message.frame);
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
      this.frames.pump();
    } else {
      if (state === "waiting" && this.#wasOpen) {
        this.#askWhy();
      }
      this.frames.forgetAll();
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
    if (!this.link.ready && !this.frames.areUnderWay) {
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
    this.frames.pump();
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
      this.frames.pump();
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
      cameFresh: () => this.frames.pump(),
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
    on("save", "click", () => this.keeping.save());
    on("record", "click", () => this.keeping.toggleRecording());
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
    on("copy", "click", copyLink);
    on("alert-close", "click", hush);
    listenToPlayer(() => this.source.video);
    listenToDrops((file) => this.useFile(file));
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
    setInterval(() => {
      this.figures.show(this.source?.live === true);
      showPlace(this.source?.video);
    }, 500);
    addEventListener("beforeunload", (event) => {
      if (this.stage.recording) {
        event.preventDefault();
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
