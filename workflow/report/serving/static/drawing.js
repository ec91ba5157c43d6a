// The drawing pad. A drawing is cut to its ink and fitted into the model's picture, as digit sets are made.
import { byId } from "./screen.js";

const INK = "#ffffff";
const PEN = 22;
const ROOMY = 16; // larger pictures (28 pixels of MNIST) have a border around the ink, smaller ones have none
const INK_SHARE = 20 / 28;

export function startDrawing(_image, onChange) {
  const pad = byId("pad");
  const context = pad.getContext("2d", { willReadFrequently: true });
  let last = null;
  let waiting = false;
  const changed = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      onChange();
    });
  };
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    return [((event.clientX - box.left) * pad.width) / box.width, ((event.clientY - box.top) * pad.height) / box.height];
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    last = at(event);
    stroke(context, last, last);
    changed();
  });
  pad.addEventListener("pointermove", (event) => {
    if (last === null) return;
    const here = at(event);
    stroke(context, last, here);
    last = here;
    changed();
  });
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => (last = null));
  byId("clear").addEventListener("click", () => {
    context.clearRect(0, 0, pad.width, pad.height);
    onChange();
  });
  return { paint: (target) => paintFitted(target, pad, context) };
}

function stroke(context, from, to) {
  Object.assign(context, { strokeStyle: INK, lineWidth: PEN, lineCap: "round", lineJoin: "round" });
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.stroke();
}

// Area averages, as scanners make them: the picture is shrunk by halves, which smooths without holes.
function paintFitted(target, pad, context) {
  const out = target.getContext("2d", { willReadFrequently: true });
  out.fillStyle = "#000000";
  out.fillRect(0, 0, target.width, target.height);
  const box = inkBox(context.getImageData(0, 0, pad.width, pad.height));
  if (box === null) return false;
  const share = Math.min(target.width, target.height) > ROOMY ? INK_SHARE : 1;
  const scale = Math.min((target.width * share) / box.width, (target.height * share) / box.height);
  const many = 16;
  const large = new OffscreenCanvas(target.width * many, target.height * many);
  const [width, height] = [box.width * scale * many, box.height * scale * many];
  large
    .getContext("2d")
    .drawImage(pad, box.left, box.top, box.width, box.height, (large.width - width) / 2, (large.height - height) / 2, width, height);
  averageInto(target, large, many);
  return true;
}

function averageInto(target, large, many) {
  const { data } = large.getContext("2d").getImageData(0, 0, large.width, large.height);
  const out = target.getContext("2d", { willReadFrequently: true });
  const result = out.createImageData(target.width, target.height);
  for (let y = 0; y < target.height; y += 1) {
    for (let x = 0; x < target.width; x += 1) {
      let ink = 0;
      for (let row = 0; row < many; row += 1) {
        for (let column = 0; column < many; column += 1) {
          ink += data[4 * ((y * many + row) * large.width + x * many + column) + 3];
        }
      }
      const value = ink / (many * many);
      result.data.set([value, value, value, 255], 4 * (y * target.width + x));
    }
  }
  out.putImageData(result, 0, 0);
}

function inkBox({ data, width, height }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (data[4 * (y * width + x) + 3] > 32) {
        left = Math.min(left, x);
        right = Math.max(right, x);
        top = Math.min(top, y);
        bottom = y;
      }
    }
  }
  return right < 0 ? null : { left, top, width: right - left + 1, height: bottom - top + 1 };
}
