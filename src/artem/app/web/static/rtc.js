// Video both ways over WebRTC: the page's camera or screen to the server, paintings back.

export class RtcLink {
  #connection = new RTCPeerConnection({ iceServers: [] });
  #channel = this.#connection.createDataChannel("artem");
  #video = document.createElement("video");
  #stopped = false;

  /**
   * @param stream with the video track to paint
   * @param painted called with a video element each time that it shows another painting
   * @param heard called with each message
   * @param ended called with a sentence when there is no connection, or none any more
   */
  constructor({ stream, painted, heard, ended }) {
    this.ended = ended;
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#connection.addTrack(stream.getVideoTracks()[0], stream);
    this.#connection.ontrack = ({ track }) => {
      this.#video.srcObject = new MediaStream([track]);
      this.#video.play();
      const next = () => {
        if (!this.#stopped) {
          painted(this.#video);
          this.#video.requestVideoFrameCallback(next);
        }
      };
      this.#video.requestVideoFrameCallback(next);
    };
    this.#channel.onmessage = ({ data }) => heard(JSON.parse(data));
    this.#connection.onconnectionstatechange = () => {
      if (["failed", "closed"].includes(this.#connection.connectionState)) {
        this.#end("The connection over WebRTC is lost.");
      }
    };
    this.#connect();
  }

  tell(message) {
    if (this.#channel.readyState === "open") {
      this.#channel.send(JSON.stringify(message));
    }
  }

  stop() {
    this.#stopped = true;
    this.#connection.close();
  }

  async #connect() {
    try {
      await this.#connection.setLocalDescription();
      await this.#gathered();
      const response = await fetch("/api/rtc", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ sdp: this.#connection.localDescription.sdp }),
      });
      const answer = await response.json();
      if (!response.ok) {
        this.#end(answer.error);
        return;
      }
      await this.#connection.setRemoteDescription(answer);
    } catch (error) {
      this.#end(`WebRTC cannot be used here (${error.name}).`);
    }
  }

  #gathered() {
    const connection = this.#connection;
    return new Promise((resolve) => {
      const check = () => connection.iceGatheringState === "complete" && resolve();
      connection.addEventListener("icegatheringstatechange", check);
      check();
    });
  }

  #end(text) {
    if (!this.#stopped) {
      this.stop();
      this.ended(text);
    }
  }
}
