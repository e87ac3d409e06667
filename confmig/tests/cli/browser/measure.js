// Measures the page that it is put into, and leaves the result in an attribute of the root element.
"use strict";
{
  const root = document.documentElement;
  const all = (selector, of = document) => [...of.querySelectorAll(selector)];
  // Colours as [red, green, blue, alpha].
  const colour = (text) => {
    const parts = text.match(/[\d.]+/g).map(Number);
    return parts.length === 3 ? [...parts, 1] : parts;
  };
  // WCAG 2: relative luminance, and the contrast of two colours.
  const luminance = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((part) => {
      const value = part / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const found = colour(getComputedStyle(at).backgroundColor);
      if (found[3] > 0) return found;
    }
    return [255, 255, 255, 1];
  };
  const contrast = (element) => {
    const [one, other] = [luminance(colour(getComputedStyle(element).color)), luminance(ground(element))];
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  };
  const hasText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim() !== "");
  const texts = all("body *").filter((element) => hasText(element) && element.tagName !== "SCRIPT");
  const half = (row, side) => {
    const cells = all(`td.${side}`, row);
    const [number, text, links] = cells;
    if (number.textContent === "") return null;
    return {
      changes: all("a", links).map((link) => Number(link.textContent)),
      line: Number(number.textContent),
      text: text.querySelector("code").textContent,
      changed: text.classList.contains("changed"),
    };
  };
  const measured = {
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    title: document.title,
    width: root.clientWidth,
    // What lies beyond the right edge, of the page and of each cell.
    overflow: root.scrollWidth - root.clientWidth,
    overflowing: texts.filter((element) => element.getBoundingClientRect().right > root.clientWidth + 0.5)
      .map((element) => element.outerHTML.slice(0, 200)),
    contrast: Math.min(...texts.map(contrast)),
    smallest: Math.min(...texts.map((element) => parseFloat(getComputedStyle(element).fontSize))),
    // Elements that no page of ours has, but this script.
    foreign: all("script, img, iframe, object, embed, link, form, input, svg, base, b, i, video, audio").length - 1,
    handlers: all("*").flatMap((element) => element.getAttributeNames()).filter((name) => name.startsWith("on")),
    resources: performance.getEntriesByType("resource").length,
    astray: all("a").map((link) => link.getAttribute("href"))
      .filter((target) => !target.startsWith("#") || !document.getElementById(target.slice(1))),
    twice: all("[id]").map((element) => element.id).filter((id, at, ids) => ids.indexOf(id) !== at),
    rows: all(".sides tbody tr:not(.notes)").map((row) => [half(row, "before"), half(row, "after")]),
    // What is said of each change, what is said of its rule, and the line above it.
    notes: all(".notes li").map((note) => {
      const above = note.closest("tr").previousElementSibling;
      const rule = note.querySelector("a[href^='#rule-']").getAttribute("href");
      return {
        number: Number(note.querySelector(".change").textContent),
        text: note.textContent,
        rule: document.getElementById(rule.slice(1)).textContent,
        line: half(above, "before").line,
      };
    }),
    findings: all(".finding").map((item) => item.textContent),
    text: document.body.innerText,
  };
  root.dataset.measured = encodeURIComponent(JSON.stringify(measured));
}
