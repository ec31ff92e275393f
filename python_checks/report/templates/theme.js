"use strict";
// before anything is painted, so that nothing flashes
const theme = {
  stored() { try { return localStorage.getItem("data-health-theme"); } catch { return null; } },
  now() {
    const chosen = document.documentElement.dataset.theme;
    return chosen || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  },
  set(name) {
    document.documentElement.dataset.theme = name;
    try { localStorage.setItem("data-health-theme", name); } catch { /* a page from a file may not store */ }
  },
};
if (theme.stored()) document.documentElement.dataset.theme = theme.stored();
