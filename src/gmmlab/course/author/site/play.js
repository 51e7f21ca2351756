// In the book, after the code of explore.js: play each scene of the page in place of its picture.
for (const data of document.querySelectorAll("script.gmmlab-scene")) {
  const pictures = data.closest(".cell_output").querySelectorAll("img, .gmmlab-caption");
  const el = document.createElement("div");
  data.before(el);
  render({ model: { get: () => JSON.parse(data.textContent) }, el });
  for (const picture of pictures) picture.classList.add("gmmlab-still"); // shown in print, with the caption that speaks of it
}
