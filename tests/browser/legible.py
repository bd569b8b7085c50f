# SPDX-License-Identifier: Apache-2.0
"""What a page's text must have so that it can be read."""

from __future__ import annotations

FAINT = """() => {
  const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
    .map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const ground = element => {
    const color = parts(getComputedStyle(element).backgroundColor);
    return color.length === 3 || color[3] === 1 ? color.slice(0, 3) : ground(element.parentElement);
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    for (let e = element; e; e = e.parentElement)
      if (getComputedStyle(e).opacity !== "1") found.push(`${e.tagName} is see-through`);
    const [a, b] = [light(parts(getComputedStyle(element).color)), light(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) found.push(`${element.tagName}.${element.className} ${ratio.toFixed(2)}`);
  }
  return found;
}"""
"""Finds text whose contrast is less than WCAG's AA asks, 4.5 to 1."""
