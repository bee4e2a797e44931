// What is kept: pictures and recordings, as files.

import { $, clock, complain, say } from "./notices.js";
import { SourceError } from "./sources.js";

export class Keeping {
  #recordingTimer = 0;

  /** @param page has the source, the stage and the panel */
  constructor(page) {
    this.page = page;
  }

  /** What is seen, as a file; a photo in its own size. */
  async save() {
    const { file } = this.page.source ?? {};
    if (!file) {
      download(await this.page.stage.snapshot(), `${this.#fileName()}.png`);
      say("The picture is saved.");
      return;
    }
    // A photo is painted anew in its own size.
    $("save").disabled = true;
    say("Painting the photo in its own size …");
    try {
      const look = encodeURIComponent(JSON.stringify(this.page.panel.look));
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

  toggleRecording() {
    if (this.page.stage.recording) {
      this.page.stage.stopRecording();
      return;
    }
    const name = this.#fileName();
    this.page.stage.startRecording((video) => {
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
    return `artem-${this.page.panel.look.style}-${time}`;
  }
}

function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
