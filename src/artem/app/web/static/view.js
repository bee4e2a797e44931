// Watches a painting that someone shares. Asks for the next frame only when it has
// drawn the last one, so that a slow viewer misses frames instead of falling behind.

const canvas = document.getElementById("canvas");
const context = canvas.getContext("2d");
const status = document.getElementById("status");
const asked = new URLSearchParams(location.search);

// OBS and its kin put an object of their own into the page.
const inStudio = "obsstudio" in window || asked.has("transparent");
document.documentElement.classList.toggle("room", !inStudio);

const LONGEST_WAIT_MS = 8000;
let waitMs = 500;

function clear() {
  context.clearRect(0, 0, canvas.width, canvas.height);
}

async function show(jpeg) {
  const bitmap = await createImageBitmap(jpeg);
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
}

function watch() {
  const address = new URL("/ws/view", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  if (asked.has("stream")) {
    address.searchParams.set("stream", asked.get("stream"));
  }
  const socket = new WebSocket(address);
  let refused = "";
  socket.onopen = () => {
    waitMs = 500;
    status.textContent = "Nothing is being painted for others at the moment.";
  };
  socket.onmessage = async ({ data }) => {
    if (data instanceof Blob) {
      try {
        await show(data);
        status.textContent = "";
      } finally {
        if (socket.readyState === WebSocket.OPEN) {
          socket.send("next");
        }
      }
      return;
    }
    const message = JSON.parse(data);
    if (!["ended", "error"].includes(message.type)) {
      return;
    }
    clear();
    refused = message.type === "error" ? message.error : "";
    status.textContent = refused || "The painting has ended. It may come again.";
  };
  socket.onclose = () => {
    clear();
    status.textContent = refused || "The server does not answer. Trying again.";
    setTimeout(watch, waitMs);
    waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
  };
}

watch();
