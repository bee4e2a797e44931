// The frames' way to the server and back, with credit: a frame is sent only while fewer
// than the agreed number are under way, so that the delay cannot grow.

const GAVE_WAY = 4000;
const TRY_AGAIN_LATER = 1013;
const LONGEST_WAIT_MS = 8000;
const REFUSED_WAIT_MS = 5000;

export class FrameSocket {
  #credits = 0;
  #most;
  #socket = null;
  #resting = false;
  #timer = 0;
  #waitMs = 500;

  /**
   * @param most credits to begin with
   * @param heard called with each message
   * @param painted called with the number of a frame and its painting, a Blob
   * @param changed called with "open", "waiting", "resting" or "refused"
   */
  constructor({ most, heard, painted, changed }) {
    this.#most = most;
    this.heard = heard;
    this.painted = painted;
    this.changed = changed;
    this.#connect();
  }

  get ready() {
    return this.#credits > 0;
  }

  sendFrame(number, jpeg) {
    this.#credits -= 1;
    const header = new DataView(new ArrayBuffer(4));
    header.setUint32(0, number);
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(new Blob([header, jpeg]));
    }
  }

  tell(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  /** Come back after a rest or a refusal, because there is something to paint. */
  wake() {
    if (this.#socket === null && this.#timer === 0) {
      this.#connect();
    }
  }

  /** Leave the place at the server, until woken; resolves when it has been left. */
  async rest() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    const socket = this.#socket;
    if (socket !== null) {
      this.#resting = true;
      socket.close();
      await new Promise((resolve) => socket.addEventListener("close", resolve));
    }
  }

  #connect() {
    this.#timer = 0;
    this.#resting = false;
    const address = new URL("/ws/paint", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.changed("waiting");
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  #receive(data) {
    if (data instanceof ArrayBuffer) {
      this.#credits += 1;
      const number = new DataView(data).getUint32(0);
      this.painted(number, new Blob([data.slice(4)], { type: "image/jpeg" }));
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "hello") {
      this.#credits = this.#most;
      this.#waitMs = 500;
      this.changed("open");
    } else if (message.type === "error" && "frame" in message) {
      this.#credits += 1;
    }
    this.heard(message);
  }

  #closed(code) {
    this.#credits = 0;
    this.#socket = null;
    if (code === TRY_AGAIN_LATER) {
      this.#timer = setTimeout(() => (this.#timer = 0), REFUSED_WAIT_MS);
      this.changed("refused");
      return;
    }
    if (this.#resting || code === GAVE_WAY) {
      this.changed("resting");
      return;
    }
    this.changed("waiting");
    this.#timer = setTimeout(() => this.#connect(), this.#waitMs);
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_WAIT_MS);
  }
}
