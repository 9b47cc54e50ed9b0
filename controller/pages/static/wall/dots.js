// A dot for each monitor, from a string with a letter for each. The legend says which letter is which state, and its
// colours are those of the dots. Each state has a shape of its own as far as there are pixels for it.
const LARGEST = 36;
const OF_THE_HEIGHT = 0.3;
const SHAPES_FROM = 7;
const HALF = { down: 0.46, partial: 0.42, degraded: 0.44, unknown: 0.3, up: 0.3, maintenance: 0.3, disabled: 0.16 };

const TAU = 2 * Math.PI;
const SHAPES = {
  down: (path, x, y, half) => path.rect(x - half, y - half, 2 * half, 2 * half),
  partial: (path, x, y, half) => path.arc(x, y, half, TAU / 4, -TAU / 4),
  degraded(path, x, y, half) {
    path.moveTo(x, y - half);
    path.lineTo(x + half, y + half);
    path.lineTo(x - half, y + half);
    path.closePath();
  },
  unknown(path, x, y, half) {
    path.arc(x, y, half, 0, TAU);
    path.moveTo(x + half * 0.55, y);
    path.arc(x, y, half * 0.55, 0, TAU, true);
  },
  up: (path, x, y, half) => path.arc(x, y, half, 0, TAU),
  maintenance(path, x, y, half) {
    path.rect(x - half, y - half, half * 0.7, 2 * half);
    path.rect(x + half * 0.3, y - half, half * 0.7, 2 * half);
  },
  disabled: (path, x, y, half) => path.rect(x - 2 * half, y - half / 2, 4 * half, half),
};

// The largest distance of dots with which all of them fit.
function pitchOf(count, width, height, largest) {
  let pitch = Math.min(largest, Math.sqrt((width * height) / count));
  while (pitch > 1 && Math.floor(width / pitch) * Math.floor(height / pitch) < count) pitch -= 0.1;
  return pitch;
}

export function drawDots(canvas, states) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  if (!width) return;
  const pitch = pitchOf(states.length, width, innerHeight * OF_THE_HEIGHT * ratio, LARGEST * ratio);
  const columns = Math.max(1, Math.floor(width / pitch));
  const height = Math.ceil(states.length / columns) * pitch;
  [canvas.width, canvas.height] = [width, Math.ceil(height)]; // which clears it
  canvas.style.height = `${height / ratio}px`;
  const context = canvas.getContext("2d");
  for (const item of document.querySelectorAll("[data-letter]")) {
    const { letter, state } = item.dataset;
    const shape = pitch < SHAPES_FROM * ratio ? SHAPES.down : SHAPES[state];
    const path = new Path2D();
    for (let place = states.indexOf(letter); place >= 0; place = states.indexOf(letter, place + 1)) {
      const [x, y] = [((place % columns) + 0.5) * pitch, (Math.floor(place / columns) + 0.5) * pitch];
      path.moveTo(x, y); // so that nothing connects this shape with the one before
      shape(path, x, y, HALF[state] * pitch);
      path.closePath();
    }
    context.fillStyle = getComputedStyle(item).getPropertyValue(state === "disabled" ? "--state" : "--fill");
    context.fill(path);
  }
}
