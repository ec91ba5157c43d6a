// A picture from a file, chosen or dropped.
import { paintCovering } from "./pixels.js";
import { byId } from "./screen.js";

export function startPicture(_image, onChange) {
  const picture = byId("picture");
  const drop = byId("drop");
  let ready = false;
  const take = async (file) => {
    if (!file) return;
    URL.revokeObjectURL(picture.src);
    picture.src = URL.createObjectURL(file);
    try {
      await picture.decode();
    } catch {
      byId("drop-text").textContent = `${file.name} is no picture that this browser can show`;
      return;
    }
    ready = true;
    picture.alt = file.name;
    picture.hidden = false;
    byId("drop-text").hidden = true;
    onChange();
  };
  byId("file").addEventListener("change", (event) => take(event.target.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    drop.addEventListener(name, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files[0]);
  });
  return {
    paint: (target) => {
      if (ready) paintCovering(target, picture, picture.naturalWidth, picture.naturalHeight);
      return ready;
    },
  };
}
