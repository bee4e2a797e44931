// Pause and place of a video.

import { $, clock } from "./notices.js";

/** @param video gives the video element at hand */
export function listenToPlayer(video) {
  $("play").addEventListener("click", async ({ target }) => {
    if (video().paused) {
      await video().play();
    } else {
      video().pause();
    }
    target.textContent = video().paused ? "Play" : "Pause";
  });
  $("seek").addEventListener("input", ({ target }) => {
    video().currentTime = Number(target.value) * (video().duration || 0);
  });
}

export function showPlace(video) {
  if ($("player").hidden || video === undefined) {
    return;
  }
  if (document.activeElement !== $("seek")) {
    $("seek").value = video.duration > 0 ? video.currentTime / video.duration : 0;
  }
  $("place").textContent = clock(video.currentTime);
  $("seek").setAttribute("aria-valuetext", clock(video.currentTime));
}
