// What is painted: a camera, a shared screen, a video or a photo.
//
// A source has a name, says whether it is live, knows its size, and draws its newest
// frame onto a canvas. `fresh` is true while that frame has not been taken yet.

/** Something that goes wrong here, in a sentence for people. */
export class SourceError extends Error {}

class Still {
  live = false;
  fresh = true;

  constructor({ name, bitmap, file }) {
    this.name = name;
    this.file = file;
    this.bitmap = bitmap;
  }

  get width() {
    return this.bitmap.width;
  }

  get height() {
    return this.bitmap.height;
  }

  draw(context, width, height) {
    cover(context, this.bitmap, this.width, this.height, width, height);
  }

  stop() {
    this.bitmap.close();
  }
}

class Moving {
  live = true;
  fresh = false;
  mirrored = false;
  #stopped = false;

  /**
   * @param cameFresh called when a frame is there
   * @param ended called when the source went away by itself
   */
  constructor({ name, video, cameFresh, ended, stream = null, url = null }) {
    this.name = name;
    this.video = video;
    this.stream = stream;
    this.url = url;
    this.cameFresh = cameFresh;
    stream?.getVideoTracks()[0].addEventListener("ended", ended);
    this.#watch();
  }

  get width() {
    return this.video.videoWidth;
  }

  get height() {
    return this.video.videoHeight;
  }

  draw(context, width, height) {
    if (this.mirrored) {
      context.setTransform(-1, 0, 0, 1, width, 0);
    }
    cover(context, this.video, this.width, this.height, width, height);
    context.resetTransform();
  }

  /** While the page is hidden, browsers do not say when there is a frame. */
  poll() {
    if (!this.video.paused) {
      this.#cameFresh();
    }
  }

  stop() {
    this.#stopped = true;
    this.video.pause();
    this.video.srcObject = null;
    this.video.removeAttribute("src");
    this.stream?.getTracks().forEach((track) => track.stop());
    if (this.url !== null) {
      URL.revokeObjectURL(this.url);
    }
  }

  #watch() {
    const next = () => {
      if (!this.#stopped) {
        this.#cameFresh();
        this.#watch();
      }
    };
    if ("requestVideoFrameCallback" in this.video) {
      this.video.requestVideoFrameCallback(next);
    } else {
      requestAnimationFrame(next);
    }
  }

  #cameFresh() {
    if (this.width > 0) {
      this.fresh = true;
      this.cameFresh();
    }
  }
}

/** Fill the canvas, cutting off the few pixels that the working size does not hold. */
function cover(context, image, imageWidth, imageHeight, width, height) {
  const scale = Math.max(width / imageWidth, height / imageHeight);
  const [w, h] = [imageWidth * scale, imageHeight * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(image, (width - w) / 2, (height - h) / 2, w, h);
}

function hiddenVideo() {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  return video;
}

export function cannotCapture() {
  return navigator.mediaDevices === undefined
    ? "Browsers hand camera and screen only to pages on this machine or over https."
    : null;
}

export async function openCamera({ device, ...calls }) {
  refuseInsecure();
  const wanted = { width: { ideal: 1280 }, height: { ideal: 720 } };
  wanted[device ? "deviceId" : "facingMode"] = device ? { exact: device } : "user";
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
  } catch (error) {
    throw new SourceError(whyNoCamera(error));
  }
  const source = await fromStream("Camera", stream, calls);
  const facing = stream.getVideoTracks()[0].getSettings().facingMode;
  source.facesAway = facing === "environment";
  return source;
}

export async function openScreen(calls) {
  refuseInsecure();
  if (navigator.mediaDevices.getDisplayMedia === undefined) {
    throw new SourceError("This browser cannot share a screen. Use one on a computer.");
  }
  let stream;
  try {
    stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 } });
  } catch (error) {
    if (error.name === "NotAllowedError") {
      throw new SourceError("The screen was not shared. Choose what to share to begin.");
    }
    throw new SourceError(`The screen cannot be shared (${error.name}).`);
  }
  return fromStream("Screen", stream, calls);
}

export async function cameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices.filter(({ kind }) => kind === "videoinput");
}

/** A photo or a video that was dropped or chosen; whatever it is called, its content counts. */
export async function openFile(file, { limitBytes, ...calls }) {
  if (file.type.startsWith("video/")) {
    return openVideo(file, calls);
  }
  if (file.size > limitBytes) {
    throw new SourceError(`The file is larger than ${limitBytes / 1e6} MB. Make it smaller first.`);
  }
  return new Still({ name: file.name, bitmap: await bitmapOf(file), file });
}

export async function openSample(name) {
  const response = await fetch(`/api/sample?name=${encodeURIComponent(name)}`);
  const file = await response.blob();
  return new Still({ name, bitmap: await createImageBitmap(file), file });
}

async function bitmapOf(file) {
  try {
    return await createImageBitmap(file);
  } catch {
    // The server reads more formats than the browser, and knows what is wrong with others.
    const response = await fetch("/api/open", { method: "POST", body: file });
    if (!response.ok) {
      throw new SourceError((await response.json()).error);
    }
    return createImageBitmap(await response.blob());
  }
}

async function openVideo(file, calls) {
  const video = hiddenVideo();
  const url = URL.createObjectURL(file);
  video.loop = true;
  video.src = url;
  try {
    await video.play();
  } catch {
    URL.revokeObjectURL(url);
    throw new SourceError("This browser cannot play the video. Try: artem video FILE.");
  }
  return new Moving({ name: file.name, video, url, ...calls });
}

async function fromStream(name, stream, calls) {
  const video = hiddenVideo();
  video.srcObject = stream;
  await video.play();
  return new Moving({ name, video, stream, ...calls });
}

function refuseInsecure() {
  const reason = cannotCapture();
  if (reason !== null) {
    throw new SourceError(reason);
  }
}

function whyNoCamera(error) {
  const reasons = {
    NotAllowedError: "The camera was not allowed. Allow it in the browser's address bar.",
    NotFoundError: "There is no camera here. Plug one in, or choose a photo or a video.",
    NotReadableError: "The camera is in use by another program. Close that first.",
    OverconstrainedError: "That camera is gone. Choose another one.",
  };
  return reasons[error.name] ?? `The camera cannot be opened (${error.name}).`;
}
