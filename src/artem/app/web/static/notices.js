// What the page says to people: a line below the picture, and what went wrong above it.

export const $ = (id) => document.getElementById(id);

export function say(text) {
  $("status").textContent = text;
}

export function complain(text) {
  const sentence = text.replace(/\s*\n\s*/g, " ");
  if ($("alert").hidden || $("alert-text").textContent !== sentence) {
    $("alert-text").textContent = sentence; // said once, not each time it happens again
    $("alert").hidden = false;
  }
}

export function hush() {
  $("alert").hidden = true;
  $("alert-text").textContent = "";
}

/** Seconds as people read them: 1:05. */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
