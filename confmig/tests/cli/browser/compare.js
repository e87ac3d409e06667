// Stores the mean difference of the page's two pictures, each of its colours from 0 to 255, after
// both were scaled down so far that single letters do not count.
addEventListener("load", () => {
  const parts = [...document.images].map((image) => {
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [24, 24];
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, 24, 24);
    return context.getImageData(0, 0, 24, 24).data;
  });
  const [one, two] = parts;
  const sum = one.reduce((sum, value, at) => sum + Math.abs(value - two[at]), 0);
  document.documentElement.setAttribute("data-measured", sum / one.length);
});
