// Files that are dropped anywhere on the page, or pasted.

import { $ } from "./notices.js";

/** @param useFile called with each file */
export function listenToDrops(useFile) {
  const isFile = ({ dataTransfer }) => dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (isFile(event)) {
      event.preventDefault();
      $("drop-hint").hidden = false;
    }
  });
  addEventListener("dragleave", ({ relatedTarget }) => {
    $("drop-hint").hidden ||= relatedTarget === null;
  });
  addEventListener("drop", (event) => {
    if (isFile(event)) {
      event.preventDefault();
      $("drop-hint").hidden = true;
      if (event.dataTransfer.files.length > 0) {
        useFile(event.dataTransfer.files[0]);
      }
    }
  });
  addEventListener("paste", ({ clipboardData }) => {
    if (clipboardData?.files.length > 0) {
      useFile(clipboardData.files[0]);
    }
  });
}
