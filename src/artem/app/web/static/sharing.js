// The link with which others watch.

import { $, say } from "./notices.js";

/** @param stream its name, or null when nothing is shared */
export function showShared(stream) {
  $("shared").hidden = stream === null;
  if (stream !== null) {
    $("share-link").value = new URL(`/view?stream=${stream}`, location.href).href;
    $("viewers").textContent = "";
  }
}

export async function copyLink() {
  $("share-link").select();
  try {
    await navigator.clipboard.writeText($("share-link").value);
    say("The link is copied.");
  } catch {
    say("The link is selected; copy it from there.");
  }
}
