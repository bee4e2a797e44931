// Styles and sliders. Everything that comes from the server is shown as text, never as HTML.

import { $ } from "./notices.js";

/** `great-wave` as people read it: Great Wave; Roman numerals stay numerals. */
export function shownName(name) {
  if (name === "identity") {
    return "Original";
  }
  return name
    .split(/[-_\s]+/)
    .map((word) =>
      /^[ivx]+$/i.test(word) ? word.toUpperCase() : word.charAt(0).toUpperCase() + word.slice(1),
    )
    .join(" ");
}

const percent = (value) => `${Math.round(100 * value)}%`;

export class Panel {
  #styles;

  /** @param changed called with the look each time that someone changes it */
  constructor({ styles, look, whyNotSteady, changed }) {
    this.#styles = new Map(styles.map((style) => [style.name, style]));
    this.look = look;
    this.changed = changed;
    $("styles").replaceChildren(...styles.map((style) => this.#thumbnail(style)));
    this.#fillSecond();
    this.#listen();
    if (whyNotSteady) {
      $("steady").disabled = true;
      $("steady-hint").textContent = `Not here: ${whyNotSteady}.`;
    }
    this.#show();
  }

  /** Show a look that someone else chose. */
  take(look) {
    this.look = look;
    for (const radio of document.getElementsByName("style")) {
      radio.checked = radio.value === look.style;
    }
    this.#show();
  }

  #thumbnail(style) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    const picture = document.createElement("img");
    const name = document.createElement("span");
    label.className = "thumbnail";
    radio.type = "radio";
    radio.name = "style";
    radio.value = style.name;
    radio.checked = style.name === this.look.style;
    picture.src = `/api/thumbnail?style=${encodeURIComponent(style.name)}`;
    picture.alt = "";
    picture.width = 320;
    picture.height = 240;
    name.textContent = shownName(style.name);
    radio.addEventListener("change", () => this.#change({ style: style.name }));
    label.append(radio, picture, name);
    return label;
  }

  #fillSecond() {
    const nothing = new Option("nothing", "");
    const others = [...this.#styles.keys()].map((name) => new Option(shownName(name), name));
    $("second").replaceChildren(nothing, ...others);
  }

  #listen() {
    for (const name of ["strength", "blend", "steady"]) {
      $(name).addEventListener("input", ({ target }) => {
        this.#change({ [name]: Number(target.value) });
      });
    }
    $("second").addEventListener("change", ({ target }) => {
      this.#change({ second: target.value || null });
    });
    $("keep-color").addEventListener("change", ({ target }) => {
      this.#change({ keep_color: target.checked });
    });
  }

  #change(part) {
    this.look = { ...this.look, ...part };
    this.#show();
    this.changed(this.look);
  }

  #show() {
    const { style, second, blend, strength, steady, keep_color: keepColor } = this.look;
    const { author, title, year } = this.#styles.get(style) ?? {};
    $("credit").textContent = [author, title, year].filter(Boolean).join(", ");
    $("strength").value = strength;
    $("strength-value").textContent = percent(strength);
    $("second").value = second ?? "";
    $("blend").value = blend;
    $("blend").disabled = second === null;
    $("blend-value").textContent =
      second === null
        ? ""
        : `${percent(1 - blend)} ${shownName(style)}, ${percent(blend)} ${shownName(second)}`;
    $("steady").value = steady;
    $("steady-value").textContent = percent(steady);
    $("keep-color").checked = keepColor;
    for (const id of ["strength", "blend", "steady"]) {
      $(id).setAttribute("aria-valuetext", percent(Number($(id).value)));
      $(id).style.setProperty("--filled", percent(Number($(id).value)));
    }
  }
}
