// The server's own camera, screen or video, as a source of the page: its frames come
// painted, and the sliders move for everyone who watches.

export class ServerView {
  live = true;
  fresh = false;
  #socket;
  #stopped = false;

  /**
   * @param painted called with each painting, a Blob; the next is asked for when it is done
   * @param heard called with each message
   * @param ended called when the server closes the connection
   */
  constructor({ name, painted, heard, ended }) {
    this.name = name;
    const address = new URL("/ws/view?stream=source", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    this.#socket = new WebSocket(address);
    this.#socket.onmessage = async ({ data }) => {
      if (!(data instanceof Blob)) {
        heard(JSON.parse(data));
        return;
      }
      await painted(data);
      if (this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.send("next");
      }
    };
    this.#socket.onopen = () => this.tell({ type: "look" });
    this.#socket.onclose = () => {
      if (!this.#stopped) {
        ended();
      }
    };
  }

  tell(message) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(message));
    }
  }

  stop() {
    this.#stopped = true;
    this.#socket.close();
  }
}
